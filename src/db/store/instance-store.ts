import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { InstanceStore } from '../../jobs/take-over.ts';
import { DEAD_AFTER_MS, LEASE_MS } from '../../jobs/timing.ts';

/** The running instances, in the database that they share. Heartbeats are on the database's clock. */
export class PrismaInstanceStore implements InstanceStore {
  readonly #prisma: PrismaClient;
  readonly #id: string;

  /** @param id of this instance */
  constructor(prisma: PrismaClient, id: string) {
    this.#prisma = prisma;
    this.#id = id;
  }

  async beat(): Promise<number> {
    const dead = await this.#beat();
    if (dead.length === 0) return 0;
    const freed = await this.#prisma.$executeRaw`
      UPDATE jobs SET next_poll_at = now() WHERE id IN (
        SELECT id FROM jobs WHERE next_poll_at > now() AND leased_until = next_poll_at AND leased_by = ANY(${dead})
        -- A job that another statement holds is freed at the next beat.
        FOR UPDATE SKIP LOCKED
      )`;
    await this.#prisma.$executeRaw`
      UPDATE result_files SET next_attempt_at = now(), leased_by = NULL
      WHERE next_attempt_at > now() AND leased_by = ANY(${dead})`;
    // By then its leases have ended by themselves.
    await this.#prisma.$executeRaw`
      DELETE FROM instances WHERE heartbeat_at < now() - ${LEASE_MS} * interval '1 millisecond'`;
    return freed;
  }

  /**
   * Resolves with the dead instances. None when this one has not been heard of just before: then the database was away or
   * its clock jumped, and the others had no chance either.
   */
  async #beat(): Promise<string[]> {
    // The SELECT reads the heartbeats as they were before the statement.
    const rows = await this.#prisma.$queryRaw<{ id: string }[]>`
      WITH beat AS (
        INSERT INTO instances (id) VALUES (${this.#id}) ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()
      ), alive AS (SELECT ${DEAD_AFTER_MS} * interval '1 millisecond' AS after)
      SELECT other.id FROM alive, instances own, instances other
      WHERE own.id = ${this.#id} AND own.heartbeat_at BETWEEN now() - alive.after AND now()
        AND other.heartbeat_at NOT BETWEEN now() - alive.after AND now() + alive.after`;
    return rows.map(({ id }) => id);
  }

  async leave(): Promise<void> {
    await this.#prisma.$executeRaw`
      UPDATE jobs SET next_poll_at = now()
      WHERE next_poll_at > now() AND leased_until = next_poll_at AND leased_by = ${this.#id}`;
    await this.#prisma.$executeRaw`
      UPDATE result_files SET next_attempt_at = now(), leased_by = NULL
      WHERE next_attempt_at > now() AND leased_by = ${this.#id}`;
    await this.#prisma.$executeRaw`DELETE FROM instances WHERE id = ${this.#id}`;
  }

  /**
   * For the only process of a database, before its first lease: all leases are of dead processes, and so are all submits
   * under way.
   */
  async freeAll(): Promise<void> {
    await this.#prisma.$executeRaw`
      UPDATE jobs SET next_poll_at = now()
      WHERE next_poll_at > now() AND (leased_until = next_poll_at OR state = 'SUBMITTING')`;
    await this.#prisma.$executeRaw`
      UPDATE result_files SET next_attempt_at = now(), leased_by = NULL
      WHERE next_attempt_at > now() AND leased_by IS NOT NULL`;
  }
}
