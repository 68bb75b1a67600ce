import { z } from 'zod';
import { MAX_NAME_LENGTH, MAX_TRIGGER_LENGTH, parseInput, text, type Optional } from './parse-input.ts';
import { newId, newTriggerPhrase } from './ids.ts';
import { TRAINING_TYPES } from '../catalog/trainers.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import type { OutboxEntry, JobDeps } from './ports.ts';
import { publishSoon } from './apply-run-event.ts';

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

export interface AvatarStore {
  /** `full`: the owner has as many avatars as it may have, and none was added. */
  insertAvatar(
    avatar: NewAvatar,
  ): Promise<{ readonly announcements: readonly OutboxEntry[] } | { readonly full: number }>;
}

/** Makes an avatar in DRAFT. Resolves with its id, or with a refusal and nothing written. */
export async function createAvatar(
  deps: Pick<JobDeps, 'publisher' | 'log' | 'store' | 'inFlight'> & { readonly avatars: AvatarStore },
  ownerId: string,
  input: CreateAvatarInput,
): Promise<Result<{ readonly avatarId: string }, 'INVALID_INPUT' | 'LIMIT_EXCEEDED'>> {
  const read = parseInput(inputSchema, input);
  if ('refused' in read) return read;
  const { name, trainingType, triggerPhrase } = read.input;
  const id = newId('avt');
  const inserted = await deps.avatars.insertAvatar({
    id,
    ownerId,
    name,
    trainingType,
    triggerPhrase: triggerPhrase ?? newTriggerPhrase(),
  });
  if ('full' in inserted) {
    return refuse('LIMIT_EXCEEDED', `At most ${inserted.full} avatars are allowed; delete one first.`);
  }
  publishSoon(deps, inserted.announcements);
  return { done: { avatarId: id } };
}
