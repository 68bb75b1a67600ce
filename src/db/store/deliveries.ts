import type { Prisma, PrismaClient } from '../../generated/prisma/client.ts';
import type { Delivery } from '../../jobs/apply-run-event.ts';
import type { WebhookStore } from '../../jobs/handle-webhook.ts';

/** Rows a statement: a long one blocks the embedded database and exceeds PostgreSQL's statement timeout. */
const FORGOTTEN_AT_ONCE = 5_000;

type Options = Parameters<WebhookStore['keepDelivery']>[2];
type Outcome = 'APPLIED' | Options['outcome'];

export function deliveryStore(
  prisma: PrismaClient,
  instanceId: string | null,
): Pick<WebhookStore, 'keepDelivery'> {
  return {
    keepDelivery: (jobId, delivery, { outcome, leaseMs }) =>
      prisma.$transaction(async (tx) => {
        const isNew = await insertDelivery(tx, jobId, delivery, outcome);
        if (!isNew || outcome !== 'CONFLICT') return { isNew, pollNow: false };
        const planned = await tx.$executeRaw`
          UPDATE jobs SET leased_by = ${instanceId}, leased_until = lease.until, next_poll_at = lease.until,
            poll_failures = 0
          FROM (SELECT now() + ${leaseMs} * interval '1 millisecond' AS until) lease
          WHERE id = ${jobId} AND next_poll_at IS NULL`;
        return { isNew, pollNow: planned === 1 };
      }),
  };
}

/** Resolves with false when the same bytes about the same run are stored already. */
async function insertDelivery(
  tx: Prisma.TransactionClient,
  jobId: string,
  { requestId, digest, body }: Delivery,
  outcome: Outcome,
): Promise<boolean> {
  const isKeptWhole = outcome === 'CONFLICT' || outcome === 'UNREADABLE';
  const { count } = await tx.webhookDelivery.createMany({
    data: { jobId, requestId, bodySha256: digest, outcome, body: isKeptWhole ? Buffer.from(body) : null },
    skipDuplicates: true,
  });
  return count === 1;
}

/** Deletes deliveries older than a month; after a long downtime there may be many. */
export async function forgetDeliveries(prisma: PrismaClient, stop: AbortSignal): Promise<void> {
  let forgotten: number;
  do {
    forgotten = await prisma.$executeRaw`
      DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE received_at < now() - interval '30 days' LIMIT ${FORGOTTEN_AT_ONCE}
      )`;
  } while (forgotten === FORGOTTEN_AT_ONCE && !stop.aborted);
}
