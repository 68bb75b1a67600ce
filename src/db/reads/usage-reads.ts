import { COUNTS } from '../run-conditions.ts';
import type pg from 'pg';
import type { UsageReads } from '../../graphql/reads.ts';

/** Runs of an owner by day and endpoint: those that count for the limits. */
const USAGE = `
  SELECT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS day, endpoint,
    count(*)::int AS runs, coalesce(sum(units) FILTER (WHERE kind = 'GENERATION'), 0)::int AS images,
    sum(billable_units)::float8 AS "billableUnits", count(billable_units)::int AS "billedRuns",
    coalesce(sum(estimated_micro_usd), 0)::float8 AS "microUsd",
    (count(*) - count(estimated_micro_usd))::int AS "unknownRuns"
  FROM jobs
  WHERE owner_id = $1 AND kind IN ('TRAINING', 'GENERATION') AND created_at >= $2 AND created_at < $3
    AND ${COUNTS}
  GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $4`;

export function createUsageReads(pool: Pick<pg.Pool, 'query'>): UsageReads {
  return {
    async usageOf(ownerId, { from, before }, limit) {
      const { rows } = await pool.query<Awaited<ReturnType<UsageReads['usageOf']>>[number]>({
        name: 'usage',
        text: USAGE,
        values: [ownerId, from, before, limit],
      });
      return rows;
    },
  };
}
