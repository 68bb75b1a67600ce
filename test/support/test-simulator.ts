import { startSimulator, type Simulator, type SimulatorOptions } from '@likeness/fal-simulator';
import { FAL_KEY } from './fal-key.ts';
import { FAST } from './fast-timing.ts';

/** For tests of webhooks: nothing is found by polling. */
export const NEVER_POLL = { RECONCILE_INTERVAL_MS: '3600000' } as const;

/** The simulator that the servers of the tests use: fast, with one key. */
export function startTestSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  return startSimulator({
    apiKeys: [FAL_KEY],
    // The smallest pictures that drawing does not make cheaper.
    images: { ultraLongSide: 128 },
    ...options,
    timing: { ...FAST, ...options.timing },
  });
}
