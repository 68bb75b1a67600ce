import { FINAL_STATES, OPEN_STATES } from '../../domain/job-state.ts';
import { isId } from '../../jobs/ids.ts';
import { jobToPoll } from './job-rows.ts';
import type { CancelRunDeps } from '../../jobs/cancel-run.ts';
import type { LeaseStore } from '../../jobs/reconcile.ts';
import type { PollStore } from '../../jobs/poll-job.ts';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { WebhookStore } from '../../jobs/handle-webhook.ts';

type Store = LeaseStore &
  PollStore &
  Pick<WebhookStore, 'findJobToPoll'> &
  Pick<CancelRunDeps['store'], 'requestCancel'>;

export function pollStore(prisma: PrismaClient, instanceId: string): Store {
  return {
    async claimDue(limit, { leaseMs, furthestMs }) {
      const claimed = await prisma.$queryRaw<{ id: string; now: Date }[]>`
        UPDATE jobs SET leased_by = ${instanceId}, leased_until = lease.until, next_poll_at = lease.until
        FROM (SELECT now() + ${leaseMs} * interval '1 millisecond' AS until) lease
        WHERE id IN (
          SELECT id FROM jobs
          WHERE next_poll_at <= now()
            OR (next_poll_at > now() + ${furthestMs} * interval '1 millisecond' AND state <> 'SUBMIT_UNKNOWN')
          ORDER BY next_poll_at LIMIT ${limit} FOR UPDATE SKIP LOCKED
        )
        RETURNING id, now() AS now`;
      const [first] = claimed;
      if (first === undefined) return [];
      const jobs = await prisma.job.findMany({ where: { id: { in: claimed.map(({ id }) => id) } } });
      return jobs.map((job) => jobToPoll(job, first.now));
    },

    async findJobToPoll(key) {
      const where = 'jobId' in key ? { id: key.jobId } : { falRequestId: key.requestId };
      const job = await prisma.job.findUnique({ where });
      return job && jobToPoll(job, await databaseTime(prisma));
    },

    async reschedule(job, nextPollInMs, outcome) {
      // Not when another poll or event has planned since: its plan counts.
      await prisma.$executeRaw`
        UPDATE jobs SET
          next_poll_at = now() + ${nextPollInMs}::float8 * interval '1 millisecond',
          poll_failures = CASE WHEN ${outcome} = 'no-response' THEN poll_failures + 1 ELSE 0 END,
          not_found_since = CASE ${outcome}
            WHEN 'not-found' THEN coalesce(not_found_since, now()) WHEN 'no-response' THEN not_found_since END
        WHERE id = ${job.id} AND next_poll_at = ${job.nextPollAt}::timestamptz`;
    },

    async requestCancel(ownerId, of) {
      if (!isId('avatarId' in of ? of.avatarId : of.generationId)) return null;
      const open =
        'avatarId' in of
          ? { openTrainingAvatarId: of.avatarId, ownerId }
          : { generationId: of.generationId, ownerId, state: { in: [...OPEN_STATES] } };
      const [job] = await prisma.job.updateManyAndReturn({
        where: { ...open, cancelRequestedAt: null },
        data: { cancelRequestedAt: new Date(), revision: { increment: 1 } },
      });
      const asked = job ?? (await prisma.job.findFirst({ where: open }));
      return asked && jobToPoll(asked, await databaseTime(prisma));
    },

    async recordCancelResponse(jobId) {
      const cancelAnsweredAt = new Date();
      await prisma.$transaction([
        prisma.job.updateMany({ where: { id: jobId }, data: { cancelAnsweredAt } }),
        prisma.job.updateMany({
          where: { id: jobId, state: { in: [...FINAL_STATES] } },
          data: { nextPollAt: null },
        }),
      ]);
    },
  };
}

/** All instances share the database's clock. */
async function databaseTime(prisma: PrismaClient): Promise<Date> {
  const [row] = await prisma.$queryRaw<{ now: Date }[]>`SELECT now() AS now`;
  return row?.now ?? new Date();
}
