import * as z from 'zod';
import { finetuneIdForm, type Artifact } from '../catalog/artifact.ts';
import { idempotencyOf, newId } from './ids.ts';
import {
  MAX_EXTERNAL_ID_LENGTH,
  MAX_IDEMPOTENCY_KEY_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TRIGGER_LENGTH,
  parseInput,
  problemWith,
  tagList,
  text,
  webUrl,
  type Optional,
} from './parse-input.ts';
import { publishSoon, type PublishDeps } from './publish-outbox.ts';
import { refuse, type Result } from '../domain/refusal.ts';
import { trainerFor } from './trainer-for.ts';
import { TRAINING_TYPES } from '../catalog/trainers.ts';
import type { AvatarStore, InsertedAvatar, InsertionCode } from './create-avatar.ts';
import type { Catalog } from '../catalog/catalog.ts';

const inputSchema = z.object({
  name: text(MAX_NAME_LENGTH),
  trainingType: z.enum(TRAINING_TYPES),
  trainer: z.string(),
  triggerPhrase: text(MAX_TRIGGER_LENGTH),
  loraUrl: webUrl().optional(),
  finetuneId: finetuneIdForm.optional(),
  externalId: text(MAX_EXTERNAL_ID_LENGTH).optional(),
  tags: tagList().default([]),
  idempotencyKey: text(MAX_IDEMPOTENCY_KEY_LENGTH).optional(),
});

type Parsed = z.output<typeof inputSchema>;

type ImportAvatarInput = Optional<z.input<typeof inputSchema>>;

export interface LoraLinkChecks {
  /** Whether the link leads to a LoRA file that everybody can fetch; `busy`: too many checks are under way. */
  check(ownerId: string, link: string): Promise<'valid' | 'busy' | { readonly expected: string }>;
}

export type ImportAvatarDeps = PublishDeps & {
  readonly catalog: Catalog;
  readonly loraLinks: LoraLinkChecks;
  readonly store: AvatarStore & {
    /** What an earlier call with this key created; null when there was none. */
    findCreation(
      ownerId: string,
      idempotency: ReturnType<typeof idempotencyOf>,
    ): Promise<Result<InsertedAvatar, InsertionCode> | null>;
  };
};

/**
 * Creates an avatar from an artifact that was trained elsewhere. The file of a LoRA is checked; a finetune is not, because
 * fal tells nothing about it before it generates.
 */
export async function importAvatar(
  deps: ImportAvatarDeps,
  ownerId: string,
  input: ImportAvatarInput,
): Promise<Result<{ readonly avatarId: string }, InsertionCode | 'INVALID_INPUT'>> {
  const parsed = parseInput(inputSchema, input);
  if ('refused' in parsed) return parsed;
  const { idempotencyKey, ...fields } = parsed.done;
  const artifact = artifactIn(deps.catalog, fields);
  if ('refused' in artifact) return artifact;
  const idempotency = idempotencyOf(idempotencyKey, { of: 'imported', ...fields });
  // First: the file may be gone since.
  const before = await deps.store.findCreation(ownerId, idempotency);
  if (before !== null) return before;
  if (artifact.done.kind === 'LORA') {
    const { loraUrl } = artifact.done;
    const checked = await deps.loraLinks.check(ownerId, loraUrl);
    if (checked === 'busy') return TOO_MANY_CHECKS;
    if (checked !== 'valid')
      return refuse('INVALID_INPUT', problemWith('loraUrl', loraUrl, checked.expected));
  }
  const { name, trainingType, trainer, triggerPhrase, tags, externalId = null } = fields;
  const inserted = await deps.store.insertAvatar(
    {
      id: newId('avt'),
      ownerId,
      name,
      trainingType,
      triggerPhrase,
      externalId,
      tags,
      imported: { trainer, value: artifact.done },
    },
    idempotency,
  );
  if ('refused' in inserted) return inserted;
  const { avatarId, outbox } = inserted.done;
  publishSoon(deps, outbox);
  return { done: { avatarId } };
}

const TOO_MANY_CHECKS = refuse(
  'LIMIT_EXCEEDED',
  'Too many of your links are being checked. Try again after your other imports.',
);

/** The artifact of the input, if its trainer makes such a one. */
function artifactIn(
  catalog: Catalog,
  {
    trainer,
    trainingType,
    loraUrl,
    finetuneId,
  }: Pick<Parsed, 'trainer' | 'trainingType' | 'loraUrl' | 'finetuneId'>,
): Result<Artifact, 'INVALID_INPUT'> {
  const found = trainerFor(catalog, trainer, trainingType);
  if ('refused' in found) return found;
  const { artifact, generator } = found.done;
  const wrong = (field: string, value: string | undefined, allowed: string) =>
    refuse('INVALID_INPUT', problemWith(field, value, allowed));
  if (artifact === 'FINETUNE') {
    if (loraUrl !== undefined)
      return wrong('loraUrl', loraUrl, `nothing, because ${trainer} makes a finetune`);
    if (finetuneId === undefined)
      return wrong('finetuneId', finetuneId, `the ID of a finetune of ${trainer}`);
    return { done: { kind: 'FINETUNE', finetuneId } };
  }
  if (generator.files > 1) return wrong('trainer', trainer, 'a trainer whose LoRA has one file');
  if (finetuneId !== undefined)
    return wrong('finetuneId', finetuneId, `nothing, because ${trainer} makes a LoRA`);
  if (loraUrl === undefined) return wrong('loraUrl', loraUrl, `the URL of a LoRA file of ${trainer}`);
  return { done: { kind: 'LORA', loraUrl, configUrl: null } };
}
