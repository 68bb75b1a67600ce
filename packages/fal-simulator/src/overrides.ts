import type { ScenarioName } from './scenarios.ts';

export type Program = {
  /** Full endpoint id; without it, any. Scenarios named jwks-… ignore it. */
  endpoint?: string;
  scenario?: ScenarioName | readonly ScenarioName[];
  scenarios?: readonly ScenarioName[];
  /** How many requests it applies to. Default 1; Infinity for all. */
  times?: number;
};

type Standing = {
  endpoint: string | undefined;
  scenarios: readonly ScenarioName[];
  aboutKeys: boolean;
  left: number;
};

/** Whoever overrides more than it submits gets the newest. */
const MOST_STANDING = 1_000;

export type Overrides = ReturnType<typeof createOverrides>;

/** Scenarios set from outside. The oldest program that still applies is used, one per request. */
export function createOverrides() {
  let standing: Standing[] = [];

  function take(applies: (program: Standing) => boolean): readonly ScenarioName[] {
    const found = standing.find(applies);
    if (!found) return [];
    found.left -= 1;
    standing = standing.filter((program) => program.left > 0);
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
        if (share.length > 0) standing.push({ ...rest, scenarios: share });
      }
      standing = standing.slice(-MOST_STANDING);
    },
    clear: () => void (standing = []),
    forSubmit: (endpoint: string) =>
      take((program) => !program.aboutKeys && (program.endpoint ?? endpoint) === endpoint),
    forKeySet: () => take((program) => program.aboutKeys),
  };
}

function isAboutKeys(name: ScenarioName): boolean {
  return name.startsWith('jwks-');
}
