import { createHmac } from 'node:crypto';
import { MINUTE_MS } from '../../values/units.ts';
import type { CircuitBreaker, PrismaClient } from '../../generated/prisma/client.ts';
import type { Admission, BreakerStore, Opened, OpeningReason } from '../../fal/circuit-breaker.ts';

/** A submit is sent within 30 s and gets its response within 30 s: later its process is dead, and another probe may go. */
const PROBE_LEASE_MS = MINUTE_MS;

/** The circuit breaker of one FAL_KEY, in the database that all instances share. Waits are on the database's clock. */
export class PrismaBreakerStore implements BreakerStore {
  readonly #prisma: PrismaClient;
  readonly #keyHash: string;
  readonly #waitsMs: readonly number[];
  /**
   * A longer wait was written before the clock was put back. Twice, because a statement that waited for another's lease
   * reads it with the time of its own beginning.
   */
  readonly #longestMs: number;

  /** @param waitsMs before the next probe after the first, second, … refusal in a row; the last one repeats */
  constructor(prisma: PrismaClient, key: string, waitsMs: readonly number[]) {
    this.#prisma = prisma;
    this.#waitsMs = waitsMs;
    this.#longestMs = 2 * Math.max(...waitsMs, PROBE_LEASE_MS);
    this.#keyHash = createHmac('sha256', key).update('circuit breaker').digest('hex');
  }

  async isOpen(): Promise<boolean> {
    return (await this.#prisma.circuitBreaker.count({ where: { keyHash: this.#keyHash } })) > 0;
  }

  /** Null: closed. */
  async read(): Promise<OpenBreaker | null> {
    return this.#prisma.circuitBreaker.findUnique({ where: { keyHash: this.#keyHash } });
  }

  /** Makes the next submit the probe. Resolves with false when a probe is in flight, or the breaker closed. */
  async endWait(): Promise<boolean> {
    const ended = await this.#prisma.$executeRaw`
      UPDATE submit_stops SET next_probe_at = least(next_probe_at, now())
      WHERE reason = ${this.#keyHash} AND (next_probe_at IS DISTINCT FROM claimed_until OR next_probe_at <= now())`;
    return ended === 1;
  }

  async peek(): Promise<Opened | null> {
    const [row] = await this.#prisma.$queryRaw<StoredWait[]>`
      SELECT kind, next_probe_at AS "retryAt",
             (extract(epoch FROM next_probe_at - now()) * 1000)::float8 AS "retryInMs"
      FROM submit_stops WHERE reason = ${this.#keyHash}`;
    const isWaiting = row !== undefined && row.retryInMs > 0 && row.retryInMs <= this.#longestMs;
    return isWaiting ? openedOf(row) : null;
  }

  async admit(): Promise<Admission> {
    const [row] = await this.#prisma.$queryRaw<(StoredWait & { probe: Date | null })[]>`
      WITH probe AS (
        UPDATE submit_stops SET next_probe_at = lease.until, claimed_until = lease.until
        FROM (SELECT now() + ${PROBE_LEASE_MS} * interval '1 millisecond' AS until) lease
        WHERE reason = ${this.#keyHash}
          AND (next_probe_at <= now() OR next_probe_at > now() + ${this.#longestMs} * interval '1 millisecond')
        RETURNING next_probe_at
      )
      SELECT (SELECT next_probe_at FROM probe) AS probe, kind, next_probe_at AS "retryAt",
             (extract(epoch FROM next_probe_at - now()) * 1000)::float8 AS "retryInMs"
      FROM submit_stops WHERE reason = ${this.#keyHash}`;
    if (row === undefined) return { kind: 'closed' };
    if (row.probe !== null) return { kind: 'probe', probe: row.probe };
    if (row.retryInMs > 0) return { kind: 'open', opened: openedOf(row) };
    // Another instance leased the probe at this very moment.
    const retryAt = new Date(row.retryAt.getTime() - row.retryInMs + PROBE_LEASE_MS);
    return { kind: 'open', opened: openedOf({ ...row, retryAt, retryInMs: PROBE_LEASE_MS }) };
  }

  async open(reason: OpeningReason, message: string, probe: Date | null): Promise<Opened | null> {
    const waits = this.#waitsMs;
    const [row] = await this.#prisma.$queryRaw<StoredWait[]>`
      INSERT INTO submit_stops AS breaker (reason, kind, message, next_probe_at)
      VALUES (${this.#keyHash}, ${reason}, ${message}, now() + ${waits[0]} * interval '1 millisecond')
      ON CONFLICT (reason) DO UPDATE SET
        kind = EXCLUDED.kind,
        message = EXCLUDED.message,
        refusals = breaker.refusals + 1,
        next_probe_at = now() + interval '1 millisecond'
          * (${waits}::int[])[least(breaker.refusals + 1, ${waits.length})]
      WHERE breaker.next_probe_at = ${probe}
      RETURNING kind, next_probe_at AS "retryAt",
        (extract(epoch FROM next_probe_at - now()) * 1000)::float8 AS "retryInMs"`;
    return row === undefined ? null : openedOf(row);
  }

  async close(): Promise<void> {
    await this.#prisma.circuitBreaker.deleteMany({ where: { keyHash: this.#keyHash } });
  }

  async release(probe: Date): Promise<void> {
    await this.#prisma.$executeRaw`
      UPDATE submit_stops SET next_probe_at = now() WHERE reason = ${this.#keyHash} AND next_probe_at = ${probe}`;
  }
}

/** For the operator. */
type OpenBreaker = Pick<
  CircuitBreaker,
  'kind' | 'message' | 'refusals' | 'openedAt' | 'nextProbeAt' | 'claimedUntil'
>;

type StoredWait = { readonly kind: string | null; readonly retryAt: Date; readonly retryInMs: number };

function openedOf({ kind, retryAt, retryInMs }: StoredWait): Opened {
  const reason = kind === 'KEY_REFUSED' || kind === 'BALANCE_EXHAUSTED' ? kind : null;
  // The column has milliseconds, so the wait may be a part of one longer.
  return { reason, retryAt, retryInMs: Math.floor(retryInMs) };
}
