import { createHmac } from 'node:crypto';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { Admission, BreakerStore } from '../../fal/circuit-breaker.ts';

const MINUTE = 60_000;
/** Waits before the next probe after the first, second, … refusal in a row; the last one repeats. */
const LAST_STEP_MS = 15 * MINUTE;
const STEPS_MS = [1 * MINUTE, 2 * MINUTE, 5 * MINUTE, LAST_STEP_MS];
/** A submit is sent within 30 s and answered within 30 s: later its process is dead, and another probe may go. */
const PROBE_LEASE_MS = MINUTE;

/** The circuit breaker of one FAL_KEY, in the database that all instances share. Waits are on the database's clock. */
export class PrismaBreakerStore implements BreakerStore {
  readonly #prisma: PrismaClient;
  readonly #keyHash: string;

  constructor(prisma: PrismaClient, key: string) {
    this.#prisma = prisma;
    this.#keyHash = createHmac('sha256', key).update('circuit breaker').digest('hex');
  }

  async isOpen(): Promise<boolean> {
    return (await this.#prisma.circuitBreaker.count({ where: { keyHash: this.#keyHash } })) > 0;
  }

  async admit(): Promise<Admission> {
    // A wait longer than the last step was written before the clock was put back.
    const [row] = await this.#prisma.$queryRaw<{ claim: Date | null; retryInMs: number }[]>`
      WITH probe AS (
        UPDATE submit_stops SET next_probe_at = now() + ${PROBE_LEASE_MS} * interval '1 millisecond'
        WHERE reason = ${this.#keyHash}
          AND (next_probe_at <= now() OR next_probe_at > now() + ${LAST_STEP_MS} * interval '1 millisecond')
        RETURNING next_probe_at
      )
      SELECT (SELECT next_probe_at FROM probe) AS claim,
             (extract(epoch FROM next_probe_at - now()) * 1000)::float8 AS "retryInMs"
      FROM submit_stops WHERE reason = ${this.#keyHash}`;
    if (row === undefined) return { kind: 'closed' };
    if (row.claim !== null) return { kind: 'probe', claim: row.claim };
    // Not positive where another instance claimed the probe at this very moment.
    return { kind: 'open', retryInMs: row.retryInMs > 0 ? row.retryInMs : PROBE_LEASE_MS };
  }

  async open(message: string, claim: Date | null): Promise<number | null> {
    const [row] = await this.#prisma.$queryRaw<{ refusals: number }[]>`
      INSERT INTO submit_stops AS breaker (reason, message, next_probe_at)
      VALUES (${this.#keyHash}, ${message}, now() + ${STEPS_MS[0]} * interval '1 millisecond')
      ON CONFLICT (reason) DO UPDATE SET
        message = EXCLUDED.message,
        refusals = breaker.refusals + 1,
        next_probe_at = now() + interval '1 millisecond'
          * (${STEPS_MS}::int[])[least(breaker.refusals + 1, ${STEPS_MS.length})]
      WHERE breaker.next_probe_at = ${claim}
      RETURNING refusals`;
    return row === undefined ? null : (STEPS_MS[row.refusals - 1] ?? LAST_STEP_MS);
  }

  async close(): Promise<void> {
    await this.#prisma.circuitBreaker.deleteMany({ where: { keyHash: this.#keyHash } });
  }

  async release(claim: Date): Promise<void> {
    await this.#prisma.$executeRaw`
      UPDATE submit_stops SET next_probe_at = now() WHERE reason = ${this.#keyHash} AND next_probe_at = ${claim}`;
  }
}
