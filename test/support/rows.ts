import type { Prisma } from '../../src/generated/prisma/client.ts';

/** The least an avatar's row needs. */
export function avatarRow(id: string): Prisma.AvatarUncheckedCreateInput {
  return { id, ownerId: 'owner', name: 'Ada', trainingType: 'PORTRAIT', triggerPhrase: 'ADA' };
}

/** The least the row of a training needs. */
export function jobRow(id: string, avatarId: string): Prisma.JobUncheckedCreateInput {
  return {
    id,
    avatarId,
    ownerId: 'owner',
    kind: 'TRAINING',
    trainer: 'FLUX_LORA_PORTRAIT',
    endpoint: 'fal-ai/flux-lora-portrait-trainer',
    input: { images_data_url: 'https://photos.example/a.zip' },
    token: `token of ${id}`,
  };
}
