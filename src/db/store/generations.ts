import { isId } from '../../jobs/ids.ts';
import { isFinal } from '../../domain/job-state.ts';
import { isJsonObject } from '../../values/json.ts';
import type { CancelGenerationDeps } from '../../jobs/cancel-generation.ts';
import type { GenerationReader } from '../../live/wait-for-generation.ts';
import type { PrismaClient } from '../../generated/prisma/client.ts';
import type { RegenerateDeps } from '../../jobs/regenerate.ts';

type Store = GenerationReader &
  Pick<CancelGenerationDeps['store'], 'findGenerationStatus'> &
  Pick<RegenerateDeps['store'], 'findGeneration'>;

export function generationStore(prisma: PrismaClient): Store {
  return {
    async findGenerationVersion(ownerId, id) {
      const generation = await prisma.generation.findFirst({
        where: { id, ownerId },
        select: { version: true, status: true },
      });
      if (generation === null) return null;
      return { version: generation.version, hasEnded: isFinal(generation.status) };
    },

    async findGenerationStatus(ownerId, id) {
      if (!isId(id)) return null;
      const generation = await prisma.generation.findFirst({
        where: { id, ownerId },
        select: { status: true },
      });
      return generation?.status ?? null;
    },

    async findGeneration(ownerId, id) {
      if (!isId(id)) return null;
      const generation = await prisma.generation.findFirst({
        where: { id, ownerId },
        include: {
          avatar: { select: { triggerPhrase: true } },
          job: { select: { trainer: true, endpoint: true, input: true } },
        },
      });
      if (!generation?.job) return null;
      const { avatarId, prompt, numImages, strength, avatar, job } = generation;
      const { trainer, endpoint, input } = job;
      if (!isJsonObject(input)) throw new Error(`the job of ${id} has an input that is no object`);
      const seed = generation.seed === null ? null : Number(generation.seed);
      const { triggerPhrase } = avatar;
      return { avatarId, triggerPhrase, prompt, numImages, strength, seed, trainer, endpoint, input };
    },
  };
}
