import type { Database } from '../../src/open-database.ts';
import type { Facts } from './facts.ts';

/** How things stand in the tables. */
export async function readFacts({ prisma }: Database): Promise<Omit<Facts, 'posts'>> {
  const [avatars, generations, jobs, unannounced] = await Promise.all([
    prisma.avatar.findMany(),
    prisma.generation.findMany(),
    prisma.job.findMany(),
    prisma.announcement.count(),
  ]);
  return {
    unannounced,
    avatars: avatars.map(({ id, ownerId: owner, status, version, falRequestId, errorCode }) => {
      return { id, owner, status, version, requestId: falRequestId, errorCode };
    }),
    generations: generations.map(({ id, ownerId: owner, status, version, avatarId, errorCode }) => {
      return { id, owner, status, version, requestId: null, errorCode, avatarId };
    }),
    jobs: jobs.map((job) => ({
      id: job.id,
      kind: job.kind,
      owner: job.ownerId,
      state: job.state,
      avatarId: job.avatarId,
      generationId: job.generationId,
      key: job.idempotencyKey,
      token: job.token,
      requestId: job.falRequestId,
      units: job.units,
      errorCode: job.errorCode,
      cancelRequested: job.cancelRequestedAt !== null,
      settledUnbound:
        job.settledAt !== null &&
        job.submittedAt !== null &&
        job.submittedAt.getTime() > job.settledAt.getTime(),
    })),
  };
}

/**
 * What minutes of waiting do to what is planned. Only to that: a submit whose outcome is unknown waits for hours and
 * goes on waiting.
 */
export async function passMinutes({ pool }: Database, minutes: number): Promise<void> {
  await pool.query(
    `UPDATE jobs SET created_at = created_at - $1 * interval '1 min', next_poll_at = next_poll_at - $1 * interval '1 min'`,
    [minutes],
  );
}
