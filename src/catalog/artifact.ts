import * as z from 'zod';
import { parseWebUrl } from '../values/web-url.ts';
import { isJsonObject, type Json } from '../values/json.ts';

/** The output of a training, which a generation needs. */
export type Artifact =
  | {
      readonly kind: 'LORA';
      readonly loraUrl: string;
      /** Of a LoRA that consists of several files: the others, in the order of the trainer's row. */
      readonly otherLoraUrls?: readonly string[];
      readonly configUrl: string | null;
    }
  | { readonly kind: 'FINETUNE'; readonly finetuneId: string };

export const ARTIFACT_KINDS = ['LORA', 'FINETUNE'] as const satisfies readonly Artifact['kind'][];
export type ArtifactKind = Artifact['kind'];

export const MAX_LORA_FILES = 4;

export function loraUrlsOf({
  loraUrl,
  otherLoraUrls = [],
}: Extract<Artifact, { kind: 'LORA' }>): readonly string[] {
  return [loraUrl, ...otherLoraUrls];
}

/** In the order of their positions: the copies of files are found by it. */
export function artifactFilesOf(artifact: Artifact): readonly string[] {
  if (artifact.kind === 'FINETUNE') return [];
  const { configUrl } = artifact;
  return [...loraUrlsOf(artifact), ...(configUrl === null ? [] : [configUrl])];
}

/** The content of the avatar's column, which only this service writes. */
export function otherLoraUrlsIn(column: unknown): readonly string[] {
  return Array.isArray(column) ? (column as string[]) : [];
}

export type ArtifactColumns = {
  readonly artifactTrainer: string | null;
  readonly finetuneId: string | null;
  readonly diffusersLoraFileUrl: string | null;
};

/** Whether an avatar has an artifact whose trainer is known. */
export function hasArtifact<Columns extends ArtifactColumns>(
  columns: Columns,
): columns is Columns & { readonly artifactTrainer: string } & (
    { readonly finetuneId: string } | { readonly finetuneId: null; readonly diffusersLoraFileUrl: string }
  ) {
  const { artifactTrainer, finetuneId, diffusersLoraFileUrl } = columns;
  return artifactTrainer !== null && (finetuneId !== null || diffusersLoraFileUrl !== null);
}

/** `missing` names the expected and the actual value; it is shown in `Avatar.error`. */
export type ArtifactReading = { readonly artifact: Artifact } | { readonly missing: string };

const file = z.object({ url: z.string().refine((url) => parseWebUrl(url) !== null) });

/**
 * Reads the LoRA files in a trainer's response: all of them, or the artifact is missing. The configuration file is optional:
 * a LoRA generates without it.
 *
 * @param fields the response's fields with the weights
 */
export function readLora(output: Json, fields: readonly string[], configField: string): ArtifactReading {
  const urls: string[] = [];
  for (const field of fields) {
    const lora = file.safeParse(fieldIn(output, field));
    if (!lora.success) return { missing: `expected ${field}.url, an http(s) URL; got ${fieldsOf(output)}` };
    urls.push(lora.data.url);
  }
  const [loraUrl = '', ...otherLoraUrls] = urls;
  const config = file.safeParse(fieldIn(output, configField));
  return {
    artifact: {
      kind: 'LORA',
      loraUrl,
      ...(otherLoraUrls.length === 0 ? {} : { otherLoraUrls }),
      configUrl: config.success ? config.data.url : null,
    },
  };
}

/** The ID of a finetune at fal. */
export const finetuneIdForm = z
  .string()
  .trim()
  .regex(/^[^\p{Cc}\p{Cs}]{1,256}$/u, { error: 'a text of 1 to 256 characters without control characters' });

export function readFinetune(output: Json, field: string): ArtifactReading {
  const id = finetuneIdForm.safeParse(fieldIn(output, field));
  if (!id.success) return { missing: `expected ${field}, a text; got ${fieldsOf(output)}` };
  return { artifact: { kind: 'FINETUNE', finetuneId: id.data } };
}

function fieldIn(output: Json, name: string): Json | undefined {
  return isJsonObject(output) ? output[name] : undefined;
}

/** Describes a response by its field names only: its values may be private URLs. */
export function fieldsOf(output: Json): string {
  if (output === null) return 'null';
  if (Array.isArray(output)) return 'a list';
  if (typeof output !== 'object') return `a ${typeof output}`;
  const names = Object.keys(output).slice(0, 8);
  return names.length === 0 ? 'an empty object' : `only ${names.map(printable).join(', ')}`;
}

function printable(name: string): string {
  return name
    .slice(0, 60)
    .replaceAll(/\p{Cc}/gu, '')
    .toWellFormed();
}
