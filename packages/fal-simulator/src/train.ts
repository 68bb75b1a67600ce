import { openArchive } from './archive.ts';
import { inputErrors } from './input-errors.ts';
import { likenessOf, type Likeness } from './likeness.ts';
import { writeLora } from './lora-file.ts';
import { modelError, plainError, requestError, success } from './outcomes.ts';
import { has, type Outcome, type Run } from './run.ts';
import { shortened } from './shortened.ts';
import type { Trainer } from './trainers.ts';
import type { Prepared, RunDeps } from './work.ts';

const ODD_URL = 'http://169.254.169.254/latest/meta-data/lora.safetensors';

/** Validates input and archive after the submit was accepted, as fal does. */
export async function prepareTraining(run: Run, trainer: Trainer, deps: RunDeps): Promise<Prepared> {
  const parsed = trainer.input.safeParse(run.input);
  if (!parsed.success) return { kind: 'refused', outcome: modelError(inputErrors(parsed.error, run.input)) };
  const input = parsed.data;
  const field = trainer.archiveField;
  const { files, maxFileBytes, opensLoopback, signal } = deps;
  const parts = { files, base: deps.base(), maxFileBytes, opensLoopback, signal };
  const opened = await deps.limited(() => openArchive(String(input[field]), field, trainer.minImages, parts));
  if (opened.kind === 'refused') return { kind: 'refused', outcome: modelError([opened.detail]) };

  const captions = opened.kind === 'archive' ? opened.archive.captions : 1;
  if (trainer.needsCaption && !input['default_caption'] && captions === 0) {
    const msg = 'Images without captions need a default_caption';
    const detail = { loc: ['body', 'default_caption'], msg, type: 'value_error', input: null };
    return { kind: 'refused', outcome: modelError([detail]) };
  }
  const steps = Number(input[trainer.stepsField] ?? trainer.defaultSteps);
  const likeness =
    opened.kind === 'archive'
      ? opened.archive.likeness
      : likenessOf(JSON.stringify([input[field], triggerOf(input)]));
  const found = opened.kind === 'archive' ? `Found ${opened.archive.images} images` : 'Images loaded';
  return {
    kind: 'work',
    intro: ['Downloading training images', found, `Training for ${steps} steps`],
    total: steps,
    durationMs: deps.timing().trainMs,
    finish: () => finishTraining(run, { trainer, input, steps, likeness, deps }),
  };
}

type Finishing = {
  trainer: Trainer;
  input: Record<string, unknown>;
  steps: number;
  likeness: Likeness;
  deps: RunDeps;
};

async function finishTraining(
  run: Run,
  { trainer, input, steps, likeness, deps }: Finishing,
): Promise<Outcome> {
  const failed = failureOf(run, trainer.archiveField);
  if (failed) return failed;
  const style = trainer.isStyle(input);
  if (trainer.gives === 'finetune_id') {
    if (has(run, 'no-artifact')) return success({}, steps);
    const made = deps.finetunes.make({ style, likeness, comment: String(input['finetune_comment']) });
    return success({ finetune_id: made.id }, steps);
  }
  const trigger = shortened(triggerOf(input));
  const metadata = {
    trained_with: trainer.endpoint,
    run: run.id,
    steps: String(steps),
    trigger,
    likeness,
    style: String(style),
  };
  const lora = { name: 'pytorch_lora_weights.safetensors', contentType: 'application/octet-stream' };
  const config = { name: 'config.json', contentType: 'application/json' };
  const settings = { ...metadata, steps, style, rank: 4, input };
  const result: Record<string, unknown> = {
    [trainer.gives]: await published(writeLora(metadata), { ...lora, keepMs: run.keepFilesMs }, deps),
    config_file: await published(
      Buffer.from(JSON.stringify(settings, null, 2)),
      { ...config, keepMs: run.keepFilesMs },
      deps,
    ),
    ...trainer.extra,
  };
  if (trainer.alsoGives) {
    const second = { ...lora, name: `${trainer.alsoGives}.safetensors`, keepMs: run.keepFilesMs };
    result[trainer.alsoGives] = await published(writeLora({ ...metadata, half: 'second' }), second, deps);
  }
  if (has(run, 'no-artifact')) result[trainer.gives] = null;
  if (has(run, 'odd-url')) result[trainer.gives] = { url: ODD_URL, content_type: lora.contentType };
  return success(result, steps);
}

function triggerOf(input: Record<string, unknown>): string {
  const fields = [input['trigger_phrase'], input['trigger_word'], input['default_caption']];
  return fields.find((value) => typeof value === 'string') ?? '';
}

async function published(
  bytes: Buffer,
  about: { name: string; contentType: string; keepMs: number | undefined },
  { files }: RunDeps,
) {
  const file = await files.put(bytes, { id: files.newId(), ...about });
  return {
    url: files.urlOf(file),
    content_type: file.contentType,
    file_name: file.name,
    file_size: file.size,
  };
}

function failureOf(run: Run, field: string): Outcome | null {
  const msg = 'Could not detect a face in the training images';
  if (has(run, 'fail', 'error-null'))
    return modelError([{ loc: ['body', field], msg, type: 'face_detection_error' }]);
  if (has(run, 'fail-plain')) return plainError(msg);
  if (has(run, 'fail-5xx')) return requestError(500, 'internal_error', 'Internal server error');
  return null;
}
