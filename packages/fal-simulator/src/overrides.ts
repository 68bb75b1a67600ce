import type { ScenarioName } from './scenarios.ts';

export type Program = {
  /** Full endpoint id; without it, any. Scenarios named jwks-… ignore it. */
  endpoint?: string;
  scenario?: ScenarioName | readonly ScenarioName[];
  scenarios?: readonly ScenarioName[];
  /** How many requests it applies to. Default 1; Infinity for all. */
  times?: number;
};

type Override = {
  endpoint: string | undefined;
  scenarios: readonly ScenarioName[];
  aboutKeys: boolean;
  left: number;
};

const MAX_OVERRIDES = 1_000;

export type Overrides = ReturnType<typeof createOverrides>;

/** Scenarios for coming requests. Each request uses up one of the oldest program that applies. */
export function createOverrides() {
  let overrides: Override[] = [];

  function take(applies: (program: Override) => boolean): readonly ScenarioName[] {
    const found = overrides.find(applies);
    if (!found) return [];
    found.left -= 1;
    overrides = overrides.filter((program) => program.left > 0);
    return found.scenarios;
  }

  return {
    add(program: Program): void {
      const one = typeof program.scenario === 'string' ? [program.scenario] : (program.scenario ?? []);
      const scenarios = [...one, ...(program.scenarios ?? [])];
      if (scenarios.length === 0) throw new Error('A program needs at least one scenario');
      for (const aboutKeys of [false, true]) {
        const share = scenarios.filter((name) => isAboutKeys(name) === aboutKeys);
        const rest = { endpoint: program.endpoint, aboutKeys, left: program.times ?? 1 };
        if (share.length > 0) overrides.push({ ...rest, scenarios: share });
      }
      overrides = overrides.slice(-MAX_OVERRIDES);
    },
    clear: () => void (overrides = []),
    forSubmit: (endpoint: string) =>
      take((program) => !program.aboutKeys && (program.endpoint ?? endpoint) === endpoint),
    forKeySet: () => take((program) => program.aboutKeys),
  };
}

function isAboutKeys(name: ScenarioName): boolean {
  return name.startsWith('jwks-');
}
