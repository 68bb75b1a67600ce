import { startSimulator, type Simulator, type SimulatorOptions } from '@likeness/fal-simulator';
import { FAL_KEY } from './fal-key.ts';
import { FAST } from './fast-timing.ts';

/** For tests of webhooks: nothing is found by polling. */
export const NEVER_POLL = { RECONCILE_INTERVAL_MS: '3600000' } as const;

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
