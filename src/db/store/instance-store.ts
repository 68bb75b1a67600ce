import type pg from 'pg';
import type { InstanceStore } from '../../jobs/heartbeat.ts';
import { DEAD_AFTER_MS, LEASE_MS } from '../../jobs/timing.ts';

/**
 * The running instances, in the database that they share. Heartbeats are on the database's clock. Without Prisma, which a
 * start would wait for.
 */
export class PgInstanceStore implements InstanceStore {
  readonly #pool: Pick<pg.Pool, 'query'>;
  readonly #id: string;

  /** @param id of this instance */
  constructor(pool: Pick<pg.Pool, 'query'>, id: string) {
    this.#pool = pool;
    this.#id = id;
  }

  async beat(): Promise<number> {
    const dead = await this.#beat();
    if (dead.length === 0) return 0;
    const { rowCount: freed } = await this.#pool.query(
      `UPDATE jobs SET next_poll_at = now() WHERE id IN (
         SELECT id FROM jobs WHERE next_poll_at > now() AND leased_until = next_poll_at AND leased_by = ANY($1)
         -- A job that another statement holds is freed at the next beat.
         FOR UPDATE SKIP LOCKED
       )`,
      [dead],
    );
    await this.#pool.query(
      `UPDATE result_files SET next_attempt_at = now(), leased_by = NULL
       WHERE next_attempt_at > now() AND leased_by = ANY($1)`,
      [dead],
    );
    // By then its leases have ended by themselves.
    await this.#pool.query(
      `DELETE FROM instances WHERE heartbeat_at < now() - $1 * interval '1 millisecond'`,
      [LEASE_MS],
    );
    return freed ?? 0;
  }

  /**
   * Resolves with the dead instances. None when this one has not been heard of just before: then the database was away or
   * its clock jumped, and the others had no chance either.
   */
  async #beat(): Promise<string[]> {
    // The SELECT reads the heartbeats as they were before the statement.
    const { rows } = await this.#pool.query<{ id: string }>(
      `WITH beat AS (
         INSERT INTO instances (id) VALUES ($1) ON CONFLICT (id) DO UPDATE SET heartbeat_at = now()
       ), alive AS (SELECT $2 * interval '1 millisecond' AS after)
       SELECT other.id FROM alive, instances own, instances other
       WHERE own.id = $1 AND own.heartbeat_at BETWEEN now() - alive.after AND now()
         AND other.heartbeat_at NOT BETWEEN now() - alive.after AND now() + alive.after`,
      [this.#id, DEAD_AFTER_MS],
    );
    return rows.map(({ id }) => id);
  }

  async leave(): Promise<void> {
    const values = [this.#id];
    await this.#pool.query(
      `UPDATE jobs SET next_poll_at = now()
       WHERE next_poll_at > now() AND leased_until = next_poll_at AND leased_by = $1`,
      values,
    );
    await this.#pool.query(
      `UPDATE result_files SET next_attempt_at = now(), leased_by = NULL
       WHERE next_attempt_at > now() AND leased_by = $1`,
      values,
    );
    await this.#pool.query('DELETE FROM instances WHERE id = $1', values);
  }

  /**
   * For the only process of a database, before its first lease: all leases are of dead processes, and so are all submits
   * under way.
   */
  async freeAll(): Promise<void> {
    await this.#pool.query(
      `UPDATE jobs SET next_poll_at = now()
       WHERE next_poll_at > now() AND (leased_until = next_poll_at OR state = 'SUBMITTING')`,
    );
    await this.#pool.query(
      `UPDATE result_files SET next_attempt_at = now(), leased_by = NULL
       WHERE next_attempt_at > now() AND leased_by IS NOT NULL`,
    );
  }
}
