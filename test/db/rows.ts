import type { Prisma } from '../../src/generated/prisma/client.ts';

/** The least an avatar's row needs. */
export function avatarRow(id: string): Prisma.AvatarUncheckedCreateInput {
  return { id, ownerId: 'owner', name: 'Ada', trainingType: 'PORTRAIT', triggerPhrase: 'ADA' };
}
