import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { SubmitDeps } from '../../jobs/submit.ts';

export function submitStore(
  prisma: PrismaClient,
): Pick<SubmitDeps['store'], 'findSubmitOutcome' | 'switchTo'> {
  return {
    async findSubmitOutcome(jobId) {
      const select = { state: true, errorCode: true, errorMessage: true, pauseReason: true, retryAt: true };
      return prisma.job.findUnique({ where: { id: jobId }, select });
    },

    async switchTo(jobId, to) {
      const switched = await prisma.$executeRaw`
        UPDATE jobs SET trainer = ${to.trainer}, trainer_note = ${to.trainerNote ?? null}, endpoint = ${to.endpoint},
          input = ${JSON.stringify(to.input)}::jsonb, estimated_micro_usd = ${to.estimatedMicroUsd}::bigint,
          next_poll_at = now() + interval '1 minute', revision = revision + 1, updated_at = now()
        WHERE id = ${jobId} AND state = 'SUBMITTING' AND cancel_requested_at IS NULL AND avatar_id IS NOT NULL`;
      return switched === 1;
    },
  };
}
