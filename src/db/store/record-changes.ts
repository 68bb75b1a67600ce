import { outboxEntry } from './job-rows.ts';
import { Prisma, type Announcement } from '../../generated/prisma/client.ts';
import type { Notification, OutboxEntry } from '../../jobs/publish-outbox.ts';

/**
 * How a change is recorded for the subscribers of `changes`: each object has one row, whose earlier change is replaced.
 * A reader gives it its position.
 */
export const REPLACE_CHANGE =
  'ON CONFLICT (entity_id) DO UPDATE SET version = EXCLUDED.version, position = NULL, changed_at = EXCLUDED.changed_at';

/** Records changes of avatars and generations, whose rows are locked, and writes their notifications to the outbox. */
export async function recordChanges(
  tx: Prisma.TransactionClient,
  ownerId: string,
  changes: readonly Omit<Notification, 'ownerId'>[],
): Promise<readonly OutboxEntry[]> {
  const rows = await tx.$queryRaw<Announcement[]>`
    WITH given AS MATERIALIZED (
      SELECT * FROM unnest(
        ${changes.map(({ kind }) => kind)}::text[],
        ${changes.map(({ entityId }) => entityId)}::text[],
        ${changes.map(({ version }) => version)}::int[]
      ) g (kind, entity_id, version)
    ), recorded AS (
      INSERT INTO changes (entity_id, owner_id, version) SELECT entity_id, ${ownerId}, version FROM given
      ${Prisma.raw(REPLACE_CHANGE)}
    )
    INSERT INTO announcements (kind, owner_id, entity_id, version)
    SELECT kind, ${ownerId}, entity_id, version FROM given
    RETURNING id, kind, owner_id AS "ownerId", entity_id AS "entityId", version, created_at AS "createdAt"`;
  return rows.map(outboxEntry);
}
