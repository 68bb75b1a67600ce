import { memoryLog } from './memory-log.ts';
import {
  CircuitBreaker,
  type Admission,
  type BreakerStore,
  type Opened,
  type OpeningReason,
} from '../../src/fal/circuit-breaker.ts';
import type { Database } from '../../src/open-database.ts';

export const IN_ONE_MINUTE = { retryAt: new Date(1_800_000_060_000), retryInMs: 60_000 };
export const IN_TWO_MINUTES = { retryAt: new Date(1_800_000_120_000), retryInMs: 120_000 };

/** A breaker's state in memory. The test sets what the next submit is admitted as; test/db/store has the real one. */
export class FakeBreakerStore implements BreakerStore {
  admission: Admission = { kind: 'closed' };
  readonly calls: string[] = [];

  async admit(): Promise<Admission> {
    return this.admission;
  }

  async peek(): Promise<Opened | null> {
    return this.admission.kind === 'open' ? this.admission.opened : null;
  }

  async open(reason: OpeningReason, message: string, probe: Date | null): Promise<Opened> {
    this.calls.push(`open ${message}`);
    const opened = { reason, ...(probe === null ? IN_ONE_MINUTE : IN_TWO_MINUTES) };
    this.admission = { kind: 'open', opened };
    return opened;
  }

  async close(): Promise<void> {
    this.calls.push('close');
    this.admission = { kind: 'closed' };
  }

  async release(): Promise<void> {
    this.calls.push('release');
  }
}

/** Moves the database's clock, as far as the breaker can see. */
export function letPass(ms: number) {
  return async ({ pool }: Pick<Database, 'pool'>): Promise<void> => {
    const text = `UPDATE submit_stops SET next_probe_at = next_probe_at - $1 * interval '1 millisecond'`;
    await pool.query(text, [ms]);
  };
}

export function closedBreaker(): CircuitBreaker {
  return new CircuitBreaker(new FakeBreakerStore(), memoryLog());
}
