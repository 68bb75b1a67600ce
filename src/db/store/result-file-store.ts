import type pg from 'pg';
import type { FileKind, FileRef, LeasedFile, ResultFileStore } from '../../jobs/files/copy-files.ts';
import type { FoundFile, ServedFileStore } from '../../jobs/files/open-file.ts';

type Pool = Pick<pg.Pool, 'query'>;

/** Files of runs, and the leases of their copies. All times are on the database's clock. */
export class PgResultFileStore implements ResultFileStore, ServedFileStore {
  readonly #pool: Pool;
  readonly #instanceId: string;

  constructor(pool: Pool, instanceId: string) {
    this.#pool = pool;
    this.#instanceId = instanceId;
  }

  async listFiles(limit: number): Promise<number> {
    const { rowCount } = await this.#pool.query({ name: 'list_files', text: LIST, values: [limit] });
    return rowCount ?? 0;
  }

  async listFilesOf(sourceId: string): Promise<void> {
    await this.#pool.query({ name: 'list_files_of_run', text: LIST_OF_RUN, values: [sourceId] });
  }

  async claimDue(
    { IMAGE, ARTIFACT }: Readonly<Record<FileKind, number>>,
    { leaseMs, furthestMs }: Parameters<ResultFileStore['claimDue']>[1],
  ): Promise<LeasedFile[]> {
    const values = [IMAGE, ARTIFACT, furthestMs, leaseMs, this.#instanceId];
    const { rows } = await this.#pool.query<LeasedFile>({ name: 'claim_files', text: CLAIM, values });
    return rows;
  }

  async claim({ sourceId, position }: FileRef, leaseMs: number): Promise<LeasedFile | null> {
    const values = [sourceId, position, leaseMs, this.#instanceId];
    const { rows } = await this.#pool.query<LeasedFile>({ name: 'claim_file', text: CLAIM_ONE, values });
    return rows[0] ?? null;
  }

  markStored: ResultFileStore['markStored'] = async (leased, copy) => {
    const { key, size, sha256, contentType } = copy;
    const { rowCount } = await this.#pool.query(
      `UPDATE result_files SET state = 'STORED', file = $4, size = $5, sha256 = $6, content_type = $7,
         failure = NULL, stored_at = now(), next_attempt_at = NULL, leased_by = NULL ${OF_LEASE}`,
      [...leaseOf(leased), key, size, sha256, contentType],
    );
    return rowCount === 1;
  };

  markFailed: ResultFileStore['markFailed'] = async (leased, failure, { retryInMs, isAttempt }) => {
    await this.#pool.query(
      `UPDATE result_files SET state = CASE WHEN $4::float8 IS NULL THEN 'FAILED' ELSE state END,
         failure = coalesce($5, failure), attempts = attempts + $6, leased_by = NULL,
         next_attempt_at = now() + $4::float8 * interval '1 millisecond' ${OF_LEASE}`,
      [...leaseOf(leased), retryInMs, failure, isAttempt ? 1 : 0],
    );
  };

  async find({ sourceId, position }: FileRef): Promise<FoundFile | null> {
    const values = [sourceId, position];
    const { rows } = await this.#pool.query<FoundFile>({ name: 'find_file', text: FIND, values });
    return rows[0] ?? null;
  }

  async markLost({ sourceId, position }: FileRef, key: string): Promise<void> {
    await this.#pool.query(
      `UPDATE result_files SET state = 'PENDING', file = NULL, attempts = 0, next_attempt_at = now()
       WHERE run_id = $1 AND position = $2 AND state = 'STORED' AND file = $3`,
      [sourceId, position, key],
    );
  }

  async findUnknown(keys: readonly string[]): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ key: string }>(
      `SELECT g.key FROM unnest($1::text[]) g (key)
       WHERE NOT EXISTS (SELECT FROM result_files f WHERE f.file = g.key)`,
      [keys],
    );
    return rows.map(({ key }) => key);
  }

  /** Files that wait for their copy, and the seconds since the oldest of them got its row. */
  async readBacklog(): Promise<{ readonly waiting: number; readonly lagSeconds: number }> {
    const { rows } = await this.#pool.query<{ waiting: number; lagSeconds: number }>(
      `SELECT count(*)::int AS waiting,
         coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "lagSeconds"
       FROM result_files WHERE next_attempt_at IS NOT NULL`,
    );
    return rows[0] ?? { waiting: 0, lagSeconds: 0 };
  }
}

/** The end of a lease identifies it: another lease of the file ends at another time, and no attempt follows a copy. */
const OF_LEASE = 'WHERE run_id = $1 AND position = $2 AND next_attempt_at = $3';

function leaseOf({ sourceId, position, leasedUntil }: LeasedFile): unknown[] {
  return [sourceId, position, leasedUntil];
}

/** Of a job `runs` with LoRA files, in the order of `artifactFilesOf`. */
export const FILES_OF_ARTIFACT = `jsonb_build_array(runs.artifact->'loraUrl') || coalesce(runs.artifact->'otherLoraUrls', '[]')
  || CASE WHEN runs.artifact->>'configUrl' IS NULL THEN '[]' ELSE jsonb_build_array(runs.artifact->'configUrl') END`;

/**
 * Locks completed runs, whose files then get their rows. The locks keep a deletion of the run's generation or avatar
 * waiting, which deletes the rows too.
 */
const listing = (runs: string) => `
  WITH runs AS MATERIALIZED (
    SELECT id, owner_id, avatar_id, generation_id, artifact FROM jobs
    WHERE state = 'COMPLETED' AND files_listed_at IS NULL ${runs}
  ), generations_of_runs AS MATERIALIZED (
    SELECT g.id, g.owner_id, g.avatar_id, g.images FROM runs JOIN generations g ON g.id = runs.generation_id
    FOR KEY SHARE OF g
  ), images AS (
    SELECT g.id AS run_id, (i.n - 1)::int AS position, g.avatar_id, g.owner_id, 'IMAGE' AS kind, i.image->>'url' AS url
    FROM generations_of_runs g CROSS JOIN LATERAL jsonb_array_elements(g.images) WITH ORDINALITY i (image, n)
  ), artifacts AS (
    SELECT runs.id, (f.n - 1)::int, runs.avatar_id, runs.owner_id, 'ARTIFACT', f.url
    FROM runs CROSS JOIN LATERAL jsonb_array_elements_text(${FILES_OF_ARTIFACT}) WITH ORDINALITY f (url, n)
    WHERE runs.avatar_id IS NOT NULL AND runs.artifact->>'kind' = 'LORA'
  ), files AS (
    INSERT INTO result_files (run_id, position, avatar_id, owner_id, kind, url)
    TABLE images UNION ALL TABLE artifacts ON CONFLICT DO NOTHING
  )
  UPDATE jobs j SET files_listed_at = now() FROM runs WHERE j.id = runs.id`;

const LIST = listing('ORDER BY id DESC LIMIT $1 FOR UPDATE SKIP LOCKED');
/** Waits for another instance that lists them. */
const LIST_OF_RUN = listing('AND (id = $1 OR generation_id = $1) FOR UPDATE');

const CLAIMED = `RETURNING f.run_id AS "sourceId", f.position, f.avatar_id AS "avatarId", f.kind, f.url, f.attempts,
  f.next_attempt_at AS "leasedUntil"`;

/** Also due: an attempt that is further ahead than any is planned, because the clock was put back. */
const due = (kind: FileKind, limit: string) => `
  SELECT run_id, position FROM result_files
  WHERE kind = '${kind}'
    AND (next_attempt_at <= now() OR next_attempt_at > now() + $3::float8 * interval '1 millisecond')
  ORDER BY next_attempt_at LIMIT ${limit} FOR UPDATE SKIP LOCKED`;

const CLAIM = `
  WITH images AS MATERIALIZED (${due('IMAGE', '$1')}), artifacts AS MATERIALIZED (${due('ARTIFACT', '$2')})
  UPDATE result_files f SET next_attempt_at = now() + $4::float8 * interval '1 millisecond', leased_by = $5
  FROM (TABLE images UNION ALL TABLE artifacts) d WHERE f.run_id = d.run_id AND f.position = d.position ${CLAIMED}`;

const CLAIM_ONE = `
  UPDATE result_files f SET next_attempt_at = now() + $3::float8 * interval '1 millisecond', leased_by = $4
  WHERE run_id = $1 AND position = $2 AND next_attempt_at <= now() ${CLAIMED}`;

const FIND = `
  SELECT state, kind, owner_id AS "ownerId", file AS key, size::float8 AS size, sha256, content_type AS "contentType", failure,
    url, leased_by IS NOT NULL AS "isLeased",
    extract(epoch FROM next_attempt_at - now())::float8 * 1000 AS "nextAttemptInMs"
  FROM result_files WHERE run_id = $1 AND position = $2`;
