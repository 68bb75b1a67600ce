import { z } from 'zod';
import { MAX_NAME_LENGTH, MAX_TRIGGER_LENGTH, readInput, text } from './input.ts';
import { newId, newTriggerPhrase } from './identity.ts';
import { TRAINING_TYPES } from '../domain/trainers.ts';
import type { Answer } from '../domain/refusal.ts';
import type { PendingAnnouncement, Workshop } from './ports.ts';
import { announce } from './record.ts';

const inputSchema = z.object({
  name: text(MAX_NAME_LENGTH),
  trainingType: z.enum(TRAINING_TYPES),
  triggerPhrase: text(MAX_TRIGGER_LENGTH).optional(),
});

export type NewAvatar = z.output<typeof inputSchema> & {
  readonly id: string;
  readonly ownerId: string;
  readonly triggerPhrase: string;
};

export interface AvatarShelf {
  insertAvatar(avatar: NewAvatar): Promise<readonly PendingAnnouncement[]>;
}

/** Makes an avatar in DRAFT. Resolves with its id, or with a refusal and nothing written. */
export async function createAvatar(
  workshop: Pick<Workshop, 'announcer' | 'log' | 'store'> & { readonly shelf: AvatarShelf },
  ownerId: string,
  wish: Readonly<Record<string, unknown>>,
): Promise<Answer<{ readonly avatarId: string }>> {
  const read = readInput(inputSchema, wish);
  if ('refused' in read) return read;
  const { name, trainingType, triggerPhrase } = read.input;
  const id = newId('avt');
  const announcements = await workshop.shelf.insertAvatar({
    id,
    ownerId,
    name,
    trainingType,
    triggerPhrase: triggerPhrase ?? newTriggerPhrase(),
  });
  await announce(workshop, announcements);
  return { done: { avatarId: id } };
}
