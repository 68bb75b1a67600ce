import * as z from 'zod';
import { MAX_NAME_LENGTH, MAX_TRIGGER_LENGTH, parseInput, text, type Optional } from './parse-input.ts';
import { newId, newTriggerPhrase } from './ids.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import { refuse, type Result } from '../domain/user-error.ts';
import { TRAINING_TYPES } from '../catalog/trainers.ts';

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
  /** `limit`: the owner has that many avatars already, and none was added. */
  insertAvatar(
    avatar: NewAvatar,
  ): Promise<{ readonly outbox: readonly OutboxEntry[] } | { readonly limit: number }>;
}

export type CreateAvatarDeps = PublishDeps & { readonly store: AvatarStore };

/** Creates an avatar in DRAFT. */
export async function createAvatar(
  deps: CreateAvatarDeps,
  ownerId: string,
  input: CreateAvatarInput,
): Promise<Result<{ readonly avatarId: string }, 'INVALID_INPUT' | 'LIMIT_EXCEEDED'>> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { triggerPhrase = newTriggerPhrase(), ...fields } = parsed.done;
  const id = newId('avt');
  const inserted = await deps.store.insertAvatar({ id, ownerId, triggerPhrase, ...fields });
  if ('limit' in inserted) {
    return refuse('LIMIT_EXCEEDED', `At most ${inserted.limit} avatars are allowed. Delete one first.`);
  }
  publishSoon(deps, inserted.outbox);
  return { done: { avatarId: id } };
}
