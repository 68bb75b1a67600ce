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
    // A job that another statement holds is freed at the next beat.
    const jobs = `id IN (SELECT id FROM jobs WHERE next_poll_at > now() AND ${LEASED_JOBS} FOR UPDATE SKIP LOCKED)`;
    const freed = await this.#free(jobs, LEASED_FILES, [dead]);
    // Of instances that died long ago: their leases have ended by themselves, or do so soon.
    await this.#pool.query(
      `DELETE FROM instances WHERE heartbeat_at < now() - $1 * interval '1 millisecond'`,
      [LEASE_MS],
    );
    return freed;
  }

  /**
   * Resolves with the dead instances. None if this instance's own last heartbeat is too old: then the database was away
   * or its clock jumped, and the others had no chance either.
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
    await this.#free(LEASED_JOBS, LEASED_FILES, [[this.#id]]);
    await this.#pool.query('DELETE FROM instances WHERE id = $1', [this.#id]);
  }

  /**
   * For the only process of a database, before its first lease: all leases are of dead processes, and so are all submits
   * under way.
   */
  async freeAll(): Promise<void> {
    await this.#free("(leased_until = next_poll_at OR state = 'SUBMITTING')", 'leased_by IS NOT NULL', []);
  }

  /** Makes jobs and files due, and resolves with the number of the jobs. */
  async #free(jobs: string, files: string, values: unknown[]): Promise<number> {
    const { rowCount } = await this.#pool.query(
      `UPDATE jobs SET next_poll_at = now() WHERE next_poll_at > now() AND ${jobs}`,
      values,
    );
    await this.#pool.query(
      `UPDATE result_files SET next_attempt_at = now(), leased_by = NULL WHERE next_attempt_at > now() AND ${files}`,
      values,
    );
    return rowCount ?? 0;
  }
}

/** By the instances $1. */
const LEASED_FILES = 'leased_by = ANY($1)';
const LEASED_JOBS = `leased_until = next_poll_at AND ${LEASED_FILES}`;
