import { startSimulator, type Simulator, type SimulatorOptions, type Timing } from '@likeness/fal-simulator';
import { FAL_KEY } from './fal-key.ts';

/** For tests of webhooks: nothing is found by polling. */
export const NEVER_POLL = { RECONCILE_INTERVAL_MS: '3600000' } as const;

/** A training in a fifth of a second, a generation in a twentieth. */
const FAST = {
  queueMs: 40,
  trainMs: 120,
  generateMs: 20,
  progressSteps: 4,
  cancelMs: 10,
  slowFactor: 5,
  webhookRetryMs: [30, 60, 120, 250, 500, 1000, 2000],
  lateMs: 400,
  earlyAnswerMs: 2000,
} satisfies Partial<Timing>;

/** The simulator that the servers of the tests use: fast, with one key. */
export function startTestSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  return startSimulator({
    apiKeys: [FAL_KEY],
    // Drawing in full would take a sixth of the time of `npm test`.
    images: { ultraLongSide: 128, blockSide: 16 },
    ...options,
    timing: { ...FAST, ...options.timing },
  });
}
