import { recordChanges } from './record-changes.ts';
import { artifactColumns } from './decision-columns.ts';
import { isId } from '../../jobs/ids.ts';
import type { Artifact } from '../../catalog/artifact.ts';
import { Prisma, type PrismaClient } from '../../generated/prisma/client.ts';
import type { PromoteDeps } from '../../jobs/promote.ts';

export function trainingStore(
  prisma: PrismaClient,
): Pick<PromoteDeps['store'], 'findTraining' | 'setArtifact'> {
  return {
    async findTraining(ownerId, id) {
      if (!isId(id)) return null;
      const job = await prisma.job.findFirst({
        where: { id, ownerId, kind: 'TRAINING' },
        select: { avatarId: true, trainer: true, state: true, artifact: true },
      });
      if (job?.avatarId == null) return null;
      return { ...job, avatarId: job.avatarId, artifact: job.artifact as Artifact | null };
    },

    async setArtifact(ownerId, avatarId, artifact) {
      // The training identifies the other files too.
      const { otherLoraFileUrls: others, ...columns } = artifactColumns(artifact);
      return prisma.$transaction(async (tx) => {
        const locked = await tx.$queryRaw<{ version: number }[]>`
          SELECT version FROM avatars WHERE id = ${avatarId} AND owner_id = ${ownerId} FOR UPDATE`;
        if (locked.length === 0) return null;
        const isCurrent = (await tx.avatar.count({ where: { id: avatarId, ...columns } })) > 0;
        if (isCurrent) return [];
        const { version } = await tx.avatar.update({
          where: { id: avatarId },
          data: {
            ...columns,
            otherLoraFileUrls: others === null ? Prisma.DbNull : [...others],
            version: { increment: 1 },
          },
        });
        return recordChanges(tx, ownerId, [{ kind: 'AVATAR', entityId: avatarId, version }]);
      });
    },
  };
}
