import { z } from 'zod';
import { MAX_NAME_LENGTH, MAX_TRIGGER_LENGTH, readInput, text, type Optional } from './parse-input.ts';
import { newId, newTriggerPhrase } from './ids.ts';
import { TRAINING_TYPES } from '../catalog/trainers.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import type { PendingAnnouncement, Workshop } from './ports.ts';
import { announceSoon } from './apply-run-event.ts';

const inputSchema = z.object({
  name: text(MAX_NAME_LENGTH),
  trainingType: z.enum(TRAINING_TYPES),
  triggerPhrase: text(MAX_TRIGGER_LENGTH).optional(),
});

export type CreateAvatarInput = Optional<z.input<typeof inputSchema>>;

export type NewAvatar = z.output<typeof inputSchema> & {
  readonly id: string;
  readonly ownerId: string;
  readonly triggerPhrase: string;
};

export interface AvatarShelf {
  /** `full`: the owner has as many avatars as it may have, and none was added. */
  insertAvatar(
    avatar: NewAvatar,
  ): Promise<{ readonly announcements: readonly PendingAnnouncement[] } | { readonly full: number }>;
}

/** Makes an avatar in DRAFT. Resolves with its id, or with a refusal and nothing written. */
export async function createAvatar(
  workshop: Pick<Workshop, 'announcer' | 'log' | 'store' | 'underWay'> & { readonly shelf: AvatarShelf },
  ownerId: string,
  input: CreateAvatarInput,
): Promise<Result<{ readonly avatarId: string }, 'INVALID_INPUT' | 'LIMIT_EXCEEDED'>> {
  const read = readInput(inputSchema, input);
  if ('refused' in read) return read;
  const { name, trainingType, triggerPhrase } = read.input;
  const id = newId('avt');
  const inserted = await workshop.shelf.insertAvatar({
    id,
    ownerId,
    name,
    trainingType,
    triggerPhrase: triggerPhrase ?? newTriggerPhrase(),
  });
  if ('full' in inserted) {
    return refuse('LIMIT_EXCEEDED', `At most ${inserted.full} avatars are allowed; delete one first.`);
  }
  announceSoon(workshop, inserted.announcements);
  return { done: { avatarId: id } };
}
