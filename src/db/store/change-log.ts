import type pg from 'pg';
import { batched } from '../batched.ts';
import { forgetAll } from './forget.ts';
import type { Change, ChangeLog, ChangePage } from '../../live/watch-changes.ts';

/** Changes of one statement. */
const ORDERED_AT_ONCE = 1000;
/** Of one batch: one statement for each. */
const MAX_OWNERS = 20;

/**
 * Changes are written without a position, so that writers do not wait for each other. Readers give the positions, of one
 * owner one after the other: the lock of the owner's counter lasts until its positions are committed, so that no position
 * appears below one that was read.
 */
export function createChangeLog(pool: Pick<pg.Pool, 'query'>): ChangeLog {
  async function order(ownerId: string): Promise<void> {
    let count: number | null;
    do {
      const values = [ownerId, ORDERED_AT_ONCE];
      ({ rowCount: count } = await pool.query({ name: 'order_changes', text: ORDER, values }));
    } while (count === ORDERED_AT_ONCE);
  }
  // Subscribers of one owner wake together.
  const orderTogether = batched(
    async (owners: readonly string[]) => {
      await Promise.all([...new Set(owners)].map(order));
      return owners.map(() => undefined);
    },
    { maxBatchSize: MAX_OWNERS },
  );
  return {
    async open(ownerId) {
      const text = 'INSERT INTO change_positions (owner_id) VALUES ($1) ON CONFLICT DO NOTHING';
      await pool.query({ name: 'open_changes', text, values: [ownerId] });
    },
    order: orderTogether,
    async read(ownerId, after, limit) {
      const values = [ownerId, after, limit];
      const { rows } = await pool.query<ReadRow>({ name: 'read_changes', text: READ, values });
      return pageOf(rows);
    },
  };
}

type ReadRow = {
  readonly last: string;
  readonly forgotten: string;
  /** Null where there is no change. */
  readonly entityId: string | null;
  readonly version: number;
  readonly position: string;
};

function pageOf(rows: readonly ReadRow[]): ChangePage {
  const changes = rows.flatMap(({ entityId, version, position }): Change[] =>
    entityId === null ? [] : [{ entityId, version, position: BigInt(position) }],
  );
  return { last: BigInt(rows[0]?.last ?? 0), forgotten: BigInt(rows[0]?.forgotten ?? 0), changes };
}

/**
 * Skips rows that a writer has locked: waiting for it would hold the locks of the others. The notification after its
 * commit wakes the readers again.
 */
const ORDER = `
  WITH counter AS MATERIALIZED (
    SELECT last FROM change_positions
    WHERE owner_id = $1 AND EXISTS (SELECT FROM changes WHERE owner_id = $1 AND position IS NULL) FOR UPDATE
  ), fresh AS MATERIALIZED (
    SELECT c.entity_id FROM counter CROSS JOIN changes c
    WHERE c.owner_id = $1 AND c.position IS NULL LIMIT $2 FOR UPDATE OF c SKIP LOCKED
  ), numbered AS MATERIALIZED (
    SELECT entity_id, row_number() OVER () AS n FROM fresh
  ), counted AS (
    UPDATE change_positions p SET last = counter.last + f.n FROM counter, (SELECT count(*) AS n FROM fresh) f
    WHERE p.owner_id = $1
  )
  UPDATE changes c SET position = counter.last + numbered.n FROM counter, numbered
  WHERE c.entity_id = numbered.entity_id`;

/** One statement, so that it sees a change or that the change is forgotten. */
const READ = `
  SELECT p.last, p.forgotten, c.* FROM change_positions p
  LEFT JOIN LATERAL (
    SELECT entity_id AS "entityId", version, position FROM changes
    WHERE owner_id = $1 AND position > $2::bigint ORDER BY position LIMIT $3
  ) c ON true
  WHERE p.owner_id = $1 ORDER BY c.position`;

/** Deletes changes older than a week. A subscriber that has not had one of them is told so. */
export async function forgetChanges(pool: Pick<pg.Pool, 'query'>, stop: AbortSignal): Promise<void> {
  await forgetAll(async (limit) => {
    const { rows } = await pool.query<{ count: number }>(FORGET, [limit]);
    return rows[0]?.count ?? 0;
  }, stop);
}

/** A change without a position comes after all that have one. The counters are locked in one order. */
const FORGET = `
  WITH old AS MATERIALIZED (
    SELECT entity_id FROM changes WHERE changed_at < now() - interval '7 days' LIMIT $1 FOR UPDATE SKIP LOCKED
  ), gone AS (
    DELETE FROM changes c USING old WHERE c.entity_id = old.entity_id RETURNING c.owner_id, c.position
  ), lost AS MATERIALIZED (
    SELECT owner_id, max(position) AS newest, bool_or(position IS NULL)::int AS unordered FROM gone GROUP BY owner_id
  ), held AS MATERIALIZED (
    SELECT p.owner_id FROM change_positions p JOIN lost USING (owner_id) ORDER BY p.owner_id FOR UPDATE OF p
  ), told AS (
    UPDATE change_positions p SET
      last = p.last + lost.unordered,
      forgotten = greatest(p.forgotten, lost.newest, (p.last + 1) * lost.unordered)
    FROM lost, held WHERE held.owner_id = p.owner_id AND lost.owner_id = p.owner_id
  )
  SELECT count(*)::int AS count FROM gone`;
