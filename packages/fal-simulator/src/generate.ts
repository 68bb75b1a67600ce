import { ownPath } from './addresses.ts';
import { draw, type Model } from './drawing/draw.ts';
import type { Generator } from './generators.ts';
import { pixelsOf, pixelsOfRatio } from './image-sizes.ts';
import { inputErrors } from './input-errors.ts';
import { asLikeness, likenessOf } from './likeness.ts';
import { LORA_HEAD_BYTES, readLoraMetadata } from './lora-file.ts';
import { modelError, plainError, requestError, success, type Detail } from './outcomes.ts';
import { has, type Outcome, type Run } from './run.ts';
import { shortened } from './shortened.ts';
import type { Prepared, RunDeps } from './work.ts';

const ODD_URL = 'http://169.254.169.254/latest/meta-data/image.png';
/** fal draws seeds beyond 32 bits; these stay exact in a JavaScript number. */
const SMALLEST_SEED = 2 ** 32;
const LARGEST_SEED = 2 ** 48;

export async function prepareGeneration(run: Run, generator: Generator, deps: RunDeps): Promise<Prepared> {
  const parsed = generator.input.safeParse(run.input);
  if (!parsed.success) return { kind: 'refused', outcome: modelError(inputErrors(parsed.error, run.input)) };
  const input = parsed.data;
  const model = await modelOf(input, generator, deps);
  if ('type' in model) return { kind: 'refused', outcome: modelError([model]) };
  return {
    kind: 'work',
    intro: [],
    total: Number(input['num_inference_steps'] ?? generator.defaultSteps),
    durationMs: deps.timing().generateMs,
    finish: () => finishGeneration(run, { generator, input, model, deps }),
  };
}

/** The model to draw with; a Detail when a named LoRA or finetune does not exist. */
async function modelOf(
  input: Record<string, unknown>,
  generator: Generator,
  deps: RunDeps,
): Promise<Model | Detail> {
  if (generator.uses === 'finetune_id') {
    const id = String(input['finetune_id']);
    const finetune = deps.finetunes.find(id);
    if (finetune)
      return { kind: 'finetune', key: id, likeness: asLikeness(finetune.likeness), style: finetune.style };
    return {
      loc: ['body', 'finetune_id'],
      msg: `Finetune '${shortened(id)}' not found`,
      type: 'value_error',
      input: shortened(id),
    };
  }
  const loras = (input['loras'] ?? []) as { path: string }[];
  const model: Model = { kind: 'lora', key: '', likeness: '', style: false };
  for (const [index, { path }] of loras.entries()) {
    const own = ownPath(path, deps.base());
    model.key += ` ${own?.join('/') ?? path}`;
    let metadata: Record<string, string> | null = {};
    if (own) {
      const file = own[0] === 'files' ? deps.files.find(own[1]) : null;
      metadata = file && readLoraMetadata(await deps.files.readStart(file, LORA_HEAD_BYTES));
    }
    if (!metadata) {
      const input = shortened(path);
      const msg = `Failed to load LoRA weights from ${input}`;
      return { loc: ['body', 'loras', index, 'path'], msg, type: 'file_download_error', input };
    }
    model.likeness ||= asLikeness(metadata['likeness'] ?? path);
    model.style ||= metadata['style'] === 'true';
  }
  if (loras.length > 0) return model;
  // Without a model the prompt and the seed decide the person.
  const stranger = likenessOf(JSON.stringify([input['prompt'], input['seed']]));
  return { kind: 'base', key: '', likeness: stranger, style: false };
}

/** A square of 1024 pixels is billed as one. */
const MEGAPIXEL = 1024 * 1024;

type Finishing = { generator: Generator; input: Record<string, unknown>; model: Model; deps: RunDeps };

async function finishGeneration(run: Run, { generator, input, model, deps }: Finishing): Promise<Outcome> {
  const failed = failureOf(run);
  if (failed) return failed;
  const prompt = String(input['prompt']);
  const seed = typeof input['seed'] === 'number' ? input['seed'] : newSeed(deps.random());
  if (has(run, 'no-artifact')) return success({ seed, prompt }, 1);
  const byRatio = generator.sizedBy === 'aspect_ratio';
  const size = byRatio
    ? pixelsOfRatio(input['aspect_ratio'], deps.ultraLongSide)
    : pixelsOf(input['image_size']);
  // There is no WebP encoder: PNG, declared as PNG, replaces it.
  const format =
    (input[generator.formatField ?? 'output_format'] ?? generator.defaultFormat) === 'jpeg' ? 'jpeg' : 'png';
  const black = has(run, 'filtered');
  const images: Record<string, unknown>[] = [];
  const started = deps.now();
  const count = generator.givesOne ? 1 : Number(input['num_images'] ?? 1);
  for (let index = 0; index < count; index += 1) {
    const request = { prompt, seed, index, model, size, blockSide: deps.blockSide, black };
    const bytes = await deps.limited(() => draw(request, { format, quality: deps.jpegQuality }));
    const contentType = `image/${format}`;
    images.push({
      url: await urlOf(bytes, { contentType, keepMs: run.keepFilesMs }, input['sync_mode'] === true, deps),
      ...size,
      content_type: contentType,
    });
  }
  if (has(run, 'odd-url')) for (const image of images) image['url'] = ODD_URL;
  if (generator.givesOne) return success({ image: images[0], seed }, 1);
  const timings = { inference: (deps.now() - started) / 1000 };
  const has_nsfw_concepts = images.map(() => black);
  // An endpoint that takes no pixels is billed by the image.
  const units = byRatio ? 1 : Math.ceil((size.width * size.height) / MEGAPIXEL);
  return success({ images, timings, seed, has_nsfw_concepts, prompt }, images.length * units);
}

async function urlOf(
  bytes: Buffer,
  { contentType, keepMs }: { contentType: string; keepMs: number | undefined },
  inline: boolean,
  { files }: RunDeps,
): Promise<string> {
  if (inline) return `data:${contentType};base64,${bytes.toString('base64')}`;
  const name = contentType === 'image/jpeg' ? 'image.jpg' : 'image.png';
  return files.urlOf(await files.put(bytes, { id: files.newId(), name, contentType, keepMs }));
}

function newSeed(random: number): number {
  return SMALLEST_SEED + Math.floor(random * (LARGEST_SEED - SMALLEST_SEED));
}

function failureOf(run: Run): Outcome | null {
  const msg = 'The content could not be processed because it was flagged by a content checker.';
  if (has(run, 'fail', 'error-null'))
    return modelError([{ loc: ['body', 'prompt'], msg, type: 'content_policy_violation' }]);
  if (has(run, 'fail-plain')) return plainError(msg);
  if (has(run, 'fail-5xx')) return requestError(500, 'internal_error', 'Internal server error');
  return null;
}
