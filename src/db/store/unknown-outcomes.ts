import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { UnknownOutcome, UnknownOutcomeStore } from '../../jobs/resolve-unknown.ts';

export class PrismaUnknownOutcomes implements UnknownOutcomeStore {
  readonly #prisma: PrismaClient;

  constructor(prisma: PrismaClient) {
    this.#prisma = prisma;
  }

  async listUnknown(limit: number): Promise<readonly UnknownOutcome[]> {
    return this.#prisma.$queryRaw<UnknownOutcome[]>`
      SELECT id AS "jobId", owner_id AS "ownerId", avatar_id AS "avatarId", generation_id AS "generationId",
        created_at AS "submittedAt", next_poll_at AS "waitsUntil"
      FROM jobs WHERE state = 'SUBMIT_UNKNOWN' AND next_poll_at IS NOT NULL
      ORDER BY next_poll_at LIMIT ${limit}`;
  }

  async findJob(id: string): ReturnType<UnknownOutcomeStore['findJob']> {
    const where = id.startsWith('avt_')
      ? { openTrainingAvatarId: id }
      : id.startsWith('gen_')
        ? { generationId: id }
        : { id };
    return this.#prisma.job.findUnique({ where, select: FOUND });
  }

  async findJobOfRun(requestId: string): Promise<{ readonly id: string } | null> {
    return this.#prisma.job.findUnique({ where: { falRequestId: requestId }, select: { id: true } });
  }
}

const FOUND = { id: true, state: true, endpoint: true, revision: true, nextPollAt: true } as const;
