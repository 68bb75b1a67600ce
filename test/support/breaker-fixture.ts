import { memoryLog } from './memory-log.ts';
import { CircuitBreaker, type BreakerReason, type BreakerStore } from '../../src/fal/circuit-breaker.ts';

/** Stops in memory: where several instances would share them. */
export class KeptStops implements BreakerStore {
  readonly reasons: BreakerReason[] = [];

  async isOpen(): Promise<boolean> {
    return this.reasons.length > 0;
  }

  async stop(reason: BreakerReason): Promise<void> {
    this.reasons.push(reason);
  }
}

/** A hold that has heard of nothing yet. */
export function noHold(): CircuitBreaker {
  return new CircuitBreaker(new KeptStops(), memoryLog());
}
