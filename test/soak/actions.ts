import type { Random } from '../support/prng.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

/** What a client decides to do next. `target` picks one of the avatars it knows, whichever these are by then. */
export type Action =
  | { readonly kind: 'create'; readonly isStyle: boolean }
  | {
      readonly kind: 'train' | 'generate';
      readonly target: number;
      readonly scenarios: readonly ScenarioName[];
      readonly images: number;
      /** How many times it is sent at once, with one idempotency key. */
      readonly copies: number;
      /** Sends it once more when it is over, with the same key. */
      readonly isRepeated: boolean;
    }
  | { readonly kind: 'cancel' | 'delete' | 'read' | 'watch'; readonly target: number }
  /** Tries to get at another tenant's avatar. */
  | {
      readonly kind: 'trespass';
      readonly target: number;
      readonly by: 'train' | 'generate' | 'cancel' | 'delete' | 'read' | 'watch';
    };

type Decision = { readonly action: Action; readonly instance: number; readonly pauseMs: number };

export function decide(random: Random): Decision {
  return { instance: random.between(0, 5), pauseMs: random.between(20, 300), action: actionOf(random) };
}

function actionOf(random: Random): Action {
  const target = random.between(0, 1_000_000);
  const roll = random.between(1, 100);
  // Few portraits: their pictures are large, and the simulator draws them in this process.
  if (roll <= 15) return { kind: 'create', isStyle: random.chance(0.9) };
  if (roll <= 65) {
    return {
      kind: roll <= 42 ? 'train' : 'generate',
      target,
      scenarios: scenariosOf(random),
      images: random.pick([1, 1, 1, 2, 4]),
      copies: random.pick([1, 1, 1, 1, 2, 5]),
      isRepeated: random.chance(0.2),
    };
  }
  if (roll <= 73) return { kind: 'cancel', target };
  if (roll <= 77) return { kind: 'delete', target };
  if (roll <= 90) return { kind: 'read', target };
  if (roll <= 95) return { kind: 'watch', target };
  const by = random.pick(['train', 'generate', 'cancel', 'delete', 'read', 'watch']);
  return { kind: 'trespass', target, by };
}

/** How fal behaves with one run: one choice each for its submit, its work, its status and its webhooks. */
function scenariosOf(random: Random): ScenarioName[] {
  const chosen: ScenarioName[] = [];
  // A submit that hangs takes our whole patience, so there are few.
  if (random.chance(0.25)) chosen.push(random.chance(0.02) ? 'hang' : random.pick(SUBMITS));
  if (random.chance(0.25)) chosen.push(random.pick(WORKS));
  const webhook = random.chance(0.5) ? random.pick(WEBHOOKS) : null;
  if (webhook !== null) chosen.push(webhook);
  if (random.chance(0.2))
    chosen.push(webhook === null ? random.pick(['status-500', 'status-503']) : 'status-503');
  return chosen;
}

const SUBMITS = [
  'lost-answer',
  'cut-answer',
  'html',
  'no-request-id',
  'bad-request-id',
  'early',
  'submit-422',
  'submit-429',
  'submit-500',
  'submit-502',
  'submit-503',
  'submit-504',
] as const satisfies ScenarioName[];

const WORKS = [
  'slow',
  'requeue',
  'fail',
  'fail-plain',
  'fail-5xx',
  'no-artifact',
  'cancel-ignored',
  'error-null',
] as const satisfies ScenarioName[];

const WEBHOOKS = [
  'silent',
  'late',
  'twice',
  'conflicting',
  'conflicting-error-first',
  'null-payload',
  'junk-body',
  'forged',
  'forged-only',
  'stale',
  'same-signature',
  'other-account',
  'legacy',
] as const satisfies ScenarioName[];

/** Of those, the ones from whose webhook nobody can learn how the run ended. */
export const UNREPORTED: ReadonlySet<ScenarioName> = new Set([
  'silent',
  'junk-body',
  'forged-only',
  'stale',
  'other-account',
]);

export const CONTRADICTED: ReadonlySet<ScenarioName> = new Set(['conflicting', 'conflicting-error-first']);
