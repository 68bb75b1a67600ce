import * as z from 'zod';
import { BUILT_IN } from '../catalog/catalog.ts';
import { CommandError, EX_CONFIG, print, report } from '../cli/command.ts';
import { finetuneIdForm, type Artifact } from '../catalog/artifact.ts';
import { avatarStore } from '../db/store/avatars.ts';
import { idempotencyOf, isId, newId } from '../jobs/ids.ts';
import {
  MAX_EXTERNAL_ID_LENGTH,
  MAX_NAME_LENGTH,
  MAX_TRIGGER_LENGTH,
  parseInput,
  text,
  webUrl,
} from '../jobs/parse-input.ts';
import { readPreviousAvatars, type PreviousRow } from './previous-avatars.ts';
import { TRAINING_TYPES, type TrainingType } from '../catalog/trainers.ts';
import type { Json } from '../values/json.ts';
import type { NewAvatar } from '../jobs/create-avatar.ts';
import type { OperatorServices } from './services.ts';

/** Who gets the avatars: one owner, or the owner that a column of the row names. */
type NewOwner = { readonly owner: string } | { readonly column: string };

const MAX_OWNER_LENGTH = 255;

/** A row of the previous system's table, whose columns this service kept the names of. */
const rowSchema = z.object({
  id: z.coerce.string().pipe(text(MAX_EXTERNAL_ID_LENGTH)),
  name: text(MAX_NAME_LENGTH),
  training_type: z.string().toUpperCase().pipe(z.enum(TRAINING_TYPES)).optional(),
  trigger_phrase: text(MAX_TRIGGER_LENGTH),
  finetune_id: finetuneIdForm.optional(),
  diffusers_lora_file_url: webUrl().optional(),
  config_file_url: webUrl().optional(),
  fal_request_id: text(MAX_EXTERNAL_ID_LENGTH).optional(),
  fal_response_data: z.json().optional(),
  training_completed_at: z.coerce.date().optional(),
});

type Row = z.output<typeof rowSchema>;

/** Imports the avatars of the previous system. A row that was imported before is skipped, also if its avatar was deleted. */
export async function importAvatars(
  { database: { prisma } }: OperatorServices,
  sourceUrl: string | undefined,
  newOwner: NewOwner,
  { isDryRun }: { readonly isDryRun: boolean },
): Promise<void> {
  if (!sourceUrl) {
    const message = 'SOURCE_DATABASE_URL is not set: set it to the PostgreSQL of the previous system';
    throw new CommandError(message, EX_CONFIG);
  }
  const store = avatarStore(prisma, null);
  const verb = isDryRun ? 'would be imported' : 'imported';
  const counts = { imported: 0, present: 0, skipped: 0 };
  await readPreviousAvatars(sourceUrl, async (row) => {
    const outcome = await importRow(row);
    counts[outcome] += 1;
  });
  const { imported, present, skipped } = counts;
  const summary = `${imported} ${verb}, ${present} were there already, ${skipped} skipped`;
  if (skipped > 0) throw new CommandError(summary);
  report(summary);

  async function importRow(row: PreviousRow): Promise<keyof typeof counts> {
    const shownId = JSON.stringify(row['id']);
    const skip = (reason: string): 'skipped' => {
      report(`skipped ${shownId}: ${reason}`);
      return 'skipped';
    };
    const read = avatarIn(row, newOwner);
    if ('problem' in read) return skip(read.problem);
    const { avatar, previousId } = read;
    // A caller's own key is trimmed, so it never begins with a space.
    const creation = idempotencyOf(` previous ${previousId}`, { of: 'previous', id: previousId });
    if ((await store.findCreation(avatar.ownerId, creation)) !== null) return 'present';
    if (!isDryRun) {
      // Left in the outbox: the servers publish it.
      const inserted = await store.insertAvatar(avatar, creation);
      if ('refused' in inserted) return skip(inserted.refused.message);
    }
    const kind = avatar.imported?.value.kind ?? 'no artifact';
    const id = isDryRun ? '' : `as ${avatar.id} `;
    print(`${verb} ${shownId} ${id}(${avatar.trainingType}, ${kind}) for ${JSON.stringify(avatar.ownerId)}`);
    return 'imported';
  }
}

type Reading = { readonly avatar: NewAvatar; readonly previousId: string } | { readonly problem: string };

function avatarIn(row: PreviousRow, newOwner: NewOwner): Reading {
  const parsed = parseInput(rowSchema, row);
  if ('refused' in parsed) return { problem: parsed.refused.message };
  const given = 'owner' in newOwner ? newOwner.owner : row[newOwner.column];
  // Whole numbers too: many systems number their users.
  const owner = Number.isSafeInteger(given) ? String(given) : given;
  const ownerId = text(MAX_OWNER_LENGTH).safeParse(owner).data;
  if (ownerId === undefined) return { problem: 'it has no owner' };
  const { id, name, trigger_phrase: triggerPhrase } = parsed.done;
  if (isId(id))
    return { problem: 'its ID has the form of this server, so it is not an avatar of the previous system' };
  const value = artifactOf(parsed.done);
  const trainingType = parsed.done.training_type ?? (value?.kind === 'FINETUNE' ? 'STYLE' : 'PORTRAIT');
  const avatar = {
    id: newId('avt'),
    ownerId,
    name,
    trainingType,
    triggerPhrase,
    externalId: id,
    tags: [],
  };
  if (value === null) return { avatar, previousId: id };
  const trainer = trainerFor(value, trainingType);
  if (trainer === null) return { problem: `no trainer makes a ${value.kind} for a ${trainingType} avatar` };
  const training = {
    falRequestId: parsed.done.fal_request_id ?? null,
    falResponseData: (parsed.done.fal_response_data ?? null) as Json,
    trainingCompletedAt: parsed.done.training_completed_at ?? null,
  };
  return { avatar: { ...avatar, imported: { trainer, value, training } }, previousId: id };
}

function artifactOf(row: Row): Artifact | null {
  const { finetune_id: finetuneId, diffusers_lora_file_url: loraUrl, config_file_url: configUrl } = row;
  if (finetuneId !== undefined) return { kind: 'FINETUNE', finetuneId };
  return loraUrl === undefined ? null : { kind: 'LORA', loraUrl, configUrl: configUrl ?? null };
}

/** The previous system's trainers come first in the catalog. */
function trainerFor({ kind }: Artifact, type: TrainingType): string | null {
  const trainer = BUILT_IN.trainers.find(
    ({ artifact, serves, generator }) => artifact === kind && serves.includes(type) && generator.files <= 1,
  );
  return trainer?.name ?? null;
}
