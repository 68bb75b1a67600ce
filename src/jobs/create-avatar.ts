import * as z from 'zod';
import {
  MAX_EXTERNAL_ID_LENGTH,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TRIGGER_LENGTH,
  parseInput,
  tagList,
  text,
  type Optional,
} from './parse-input.ts';
import { idempotencyOf, newId, newTriggerPhrase } from './ids.ts';
import { publishSoon, type OutboxEntry, type PublishDeps } from './publish-outbox.ts';
import { TRAINING_TYPES, type TrainerName, type TrainingType } from '../catalog/trainers.ts';
import type { Artifact } from '../catalog/artifact.ts';
import type { Json } from '../values/json.ts';
import type { Result } from '../domain/refusal.ts';

const inputSchema = z.object({
  name: text(MAX_NAME_LENGTH),
  trainingType: z.enum(TRAINING_TYPES),
  triggerPhrase: text(MAX_TRIGGER_LENGTH).optional(),
  externalId: text(MAX_EXTERNAL_ID_LENGTH).optional(),
  tags: tagList().default([]),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
});

type CreateAvatarInput = Optional<z.input<typeof inputSchema>>;

export type Imported = {
  readonly trainer: TrainerName;
  readonly value: Artifact;
  /** The training that made it, as far as it is known. */
  readonly training?: {
    readonly falRequestId: string | null;
    readonly falResponseData: Json;
    readonly trainingCompletedAt: Date | null;
  };
};

export type NewAvatar = {
  readonly id: string;
  readonly ownerId: string;
  readonly name: string;
  readonly trainingType: TrainingType;
  readonly triggerPhrase: string;
  readonly externalId: string | null;
  readonly tags: readonly string[];
  /** An artifact that was trained elsewhere. */
  readonly imported?: Imported;
};

/** CONFLICT: another avatar has the external id. NOT_FOUND: the first call's avatar was deleted since. */
export type InsertionCode = 'CONFLICT' | 'IDEMPOTENCY_CONFLICT' | 'LIMIT_EXCEEDED' | 'NOT_FOUND';

/** The new avatar, or the one that an earlier call with the same idempotency key and input created. */
export type InsertedAvatar = { readonly avatarId: string; readonly outbox: readonly OutboxEntry[] };

export interface AvatarStore {
  insertAvatar(
    avatar: NewAvatar,
    idempotency: ReturnType<typeof idempotencyOf>,
  ): Promise<Result<InsertedAvatar, InsertionCode>>;
}

export type CreateAvatarDeps = PublishDeps & { readonly store: AvatarStore };

/** Creates an avatar in DRAFT. */
export async function createAvatar(
  deps: CreateAvatarDeps,
  ownerId: string,
  input: CreateAvatarInput,
): Promise<Result<{ readonly avatarId: string }, InsertionCode | 'INVALID_INPUT'>> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { idempotencyKey, ...fields } = parsed.done;
  const { triggerPhrase = newTriggerPhrase(), externalId = null } = fields;
  const inserted = await deps.store.insertAvatar(
    { ...fields, id: newId('avt'), ownerId, triggerPhrase, externalId },
    // As given: a repeat makes another phrase.
    idempotencyOf(idempotencyKey, { of: 'avatar', ...fields }),
  );
  if ('refused' in inserted) return inserted;
  const { avatarId, outbox } = inserted.done;
  publishSoon(deps, outbox);
  return { done: { avatarId } };
}
