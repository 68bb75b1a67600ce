import { keptLog } from './memory-log.ts';
import { SubmitHold } from '../../src/fal/circuit-breaker.ts';
import type { StopReason, SubmitStops } from '../../src/jobs/ports.ts';

/** Stops in memory: where several instances would share them. */
export class KeptStops implements SubmitStops {
  readonly reasons: StopReason[] = [];

  async isStopped(): Promise<boolean> {
    return this.reasons.length > 0;
  }

  async stop(reason: StopReason): Promise<void> {
    this.reasons.push(reason);
  }
}

/** A hold that has heard of nothing yet. */
export function noHold(): SubmitHold {
  return new SubmitHold(new KeptStops(), keptLog());
}
