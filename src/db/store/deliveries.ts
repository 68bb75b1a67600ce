import { forgetAll } from './forget.ts';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { WebhookStore } from '../../jobs/handle-webhook.ts';

export function deliveryStore(prisma: PrismaClient, instanceId: string): Pick<WebhookStore, 'keepDelivery'> {
  return {
    keepDelivery: (jobId, { requestId, digest, body }, { outcome, leaseMs }) =>
      prisma.$transaction(async (tx) => {
        // Waits for a deletion under way, which deletes the bodies of the job.
        const [job] = await tx.$queryRaw<{ isDetached: boolean }[]>`
          SELECT avatar_id IS NULL OR (kind = 'GENERATION' AND generation_id IS NULL) AS "isDetached"
          FROM jobs WHERE id = ${jobId} FOR KEY SHARE`;
        const keepsBody = outcome !== 'LATE' && job?.isDetached === false;
        const { count } = await tx.webhookDelivery.createMany({
          data: { jobId, requestId, bodySha256: digest, outcome, body: keepsBody ? Buffer.from(body) : null },
          skipDuplicates: true,
        });
        const isNew = count === 1;
        if (!isNew || outcome !== 'CONFLICT') return { isNew, pollNow: false };
        const planned = await tx.$executeRaw`
          UPDATE jobs SET leased_by = ${instanceId}, leased_until = lease.until, next_poll_at = lease.until,
            poll_failures = 0, not_found_since = NULL
          FROM (SELECT now() + ${leaseMs} * interval '1 millisecond' AS until) lease
          WHERE id = ${jobId} AND next_poll_at IS NULL`;
        return { isNew, pollNow: planned === 1 };
      }),
  };
}

/** Deletes deliveries older than a month. */
export async function forgetDeliveries(prisma: PrismaClient, stop: AbortSignal): Promise<void> {
  await forgetAll(
    (limit) => prisma.$executeRaw`
      DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE received_at < now() - interval '30 days' LIMIT ${limit}
      )`,
    stop,
  );
}
