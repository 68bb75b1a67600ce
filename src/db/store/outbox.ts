import type pg from 'pg';
import { batched } from '../batched.ts';
import type { OutboxEntry, OutboxStore } from '../../jobs/publish-outbox.ts';
import type { PrismaClient } from '../../generated/prisma/client.ts';

/** Of one statement. */
const MAX_DELETIONS = 500;
/** A third less CPU for PostgreSQL, and a fifth for this process, when 32 webhooks at once are recorded. */
const DELETION_WAIT_MS = 50;

export function outboxStore(prisma: PrismaClient, pool: pg.Pool): OutboxStore {
  return {
    async readOutbox(limit, olderThanMs) {
      return prisma.$queryRaw<OutboxEntry[]>`
        SELECT id, kind, owner_id AS "ownerId", entity_id AS "entityId", version FROM announcements
        WHERE created_at <= now() - ${olderThanMs} * interval '1 millisecond'
          -- Written before the clock was put back.
          OR created_at > now() + interval '1 minute'
        ORDER BY id LIMIT ${limit}`;
    },

    deleteFromOutbox: batched(
      async (lists: readonly (readonly bigint[])[]) => {
        // A deletion that a power cut undoes is made up for by another notification, so it need not wait for the disk.
        const text = `
          WITH lazily AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true) AS setting)
          DELETE FROM announcements USING lazily WHERE id = ANY($1::bigint[]) AND setting IS NOT NULL`;
        await pool.query({ name: 'delete_from_outbox', text, values: [lists.flat()] });
        return lists.map(() => undefined);
      },
      { maxBatchSize: MAX_DELETIONS, waitMs: DELETION_WAIT_MS },
    ),
  };
}
