import * as z from 'zod';
import {
  MAX_EXTERNAL_ID_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TRIGGER_LENGTH,
  parseInput,
  tagList,
  text,
  type Optional,
} from './parse-input.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import type { Result } from '../domain/refusal.ts';

const inputSchema = z.object({
  avatarId: z.string(),
  name: text(MAX_NAME_LENGTH).exactOptional(),
  triggerPhrase: text(MAX_TRIGGER_LENGTH).exactOptional(),
  externalId: text(MAX_EXTERNAL_ID_LENGTH).exactOptional(),
  tags: tagList().exactOptional(),
});

type UpdateAvatarInput = Optional<z.input<typeof inputSchema>>;

/** Absent fields stay as they are. */
export type AvatarUpdate = {
  readonly name?: string;
  readonly triggerPhrase?: string;
  readonly externalId?: string | null;
  /** Sorted. */
  readonly tags?: readonly string[];
};

/** CONFLICT: a run is open and the trigger phrase would change, or another avatar has the external id. */
type UpdateCode = 'NOT_FOUND' | 'CONFLICT';

export interface UpdateStore {
  /** The outbox is empty when the avatar has these values already. */
  updateAvatar(
    ownerId: string,
    avatarId: string,
    update: AvatarUpdate,
  ): Promise<Result<{ readonly outbox: readonly OutboxEntry[] }, UpdateCode>>;
}

export type UpdateAvatarDeps = PublishDeps & { readonly store: UpdateStore };

/** Changes the given fields of an avatar. */
export async function updateAvatar(
  deps: UpdateAvatarDeps,
  ownerId: string,
  input: UpdateAvatarInput,
): Promise<Result<{ readonly avatarId: string }, UpdateCode | 'INVALID_INPUT'>> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { avatarId, ...fields } = parsed.done;
  const update = input.externalId === null ? { ...fields, externalId: null } : fields;
  const updated = await deps.store.updateAvatar(ownerId, avatarId, update);
  if ('refused' in updated) return updated;
  publishSoon(deps, updated.done.outbox);
  return { done: { avatarId } };
}
