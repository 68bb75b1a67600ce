import { memoryLog } from './memory-log.ts';
import { CircuitBreaker, type Admission, type BreakerStore } from '../../src/fal/circuit-breaker.ts';

/** A breaker's state in memory. The test sets what the next submit is admitted as; test/db/store has the real one. */
export class FakeBreakerStore implements BreakerStore {
  admission: Admission = { kind: 'closed' };
  readonly calls: string[] = [];

  async admit(): Promise<Admission> {
    return this.admission;
  }

  async open(message: string, claim: Date | null): Promise<number> {
    this.calls.push(`open ${message}`);
    const minutes = claim === null ? 1 : 2;
    this.admission = { kind: 'open', retryInMs: minutes * 60_000 };
    return minutes * 60_000;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    this.admission = { kind: 'closed' };
  }

  async release(): Promise<void> {
    this.calls.push('release');
  }
}

export function closedBreaker(): CircuitBreaker {
  return new CircuitBreaker(new FakeBreakerStore(), memoryLog());
}
