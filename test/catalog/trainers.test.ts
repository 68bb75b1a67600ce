import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BUILT_IN, deprecationNotice } from '../../src/catalog/catalog.ts';
import {
  DEFAULT_SIZES,
  DEFAULT_TRAINERS,
  TRAINING_TYPES,
  type TrainerName,
  type Trainer,
  type TrainingRequest,
} from '../../src/catalog/trainers.ts';
import { readTrainersFile } from '../../src/catalog/trainers-file.ts';
import { ensureTrigger } from '../../src/catalog/trigger.ts';
import type { Artifact } from '../../src/catalog/artifact.ts';
import type { GenerationRequest } from '../../src/catalog/generators.ts';
import type { JsonObject } from '../../src/values/json.ts';

/** A training and a generation of one trainer; see test/fixtures/README.md. */
type Fixture = {
  readonly order: TrainingRequest;
  readonly input: JsonObject;
  readonly answer: JsonObject;
  readonly artifact: Artifact;
  readonly generation: { readonly endpoint: string; readonly input: JsonObject };
};

/** Input fields of each trainer besides the steps. */
const TESTED: readonly (readonly [TrainerName, fields: readonly string[]])[] = [
  ['FLUX_LORA_PORTRAIT', ['images_data_url', 'trigger_phrase']],
  ['FLUX_PRO', ['data_url', 'finetune_comment', 'mode', 'trigger_word']],
  ['FLUX_LORA_FAST', ['images_data_url', 'is_style', 'trigger_word']],
  ['FLUX_2', ['default_caption', 'image_data_url']],
  ['FLUX_2_V2', ['default_caption', 'image_data_url']],
  ['TURBO_FLUX', ['images_data_url', 'training_style', 'trigger_phrase']],
  ['FLUX_KREA', ['images_data_url', 'is_style', 'trigger_word']],
  ['Z_IMAGE_TURBO_V2', ['default_caption', 'image_data_url']],
  ['QWEN_IMAGE', ['image_data_url', 'trigger_phrase']],
  ['WAN_22_IMAGE', ['is_style', 'training_data_url', 'trigger_phrase']],
];

/** The built-in trainers, and that of the example of a TRAINERS_FILE. */
const example = readTrainersFile(
  readFileSync(new URL('../../docs/trainers.example.json', import.meta.url), 'utf8'),
);
if (!('catalog' in example)) throw new Error(example.problems.join('\n'));
const { catalog } = example;

function trainerRow(name: TrainerName): Trainer {
  const row = catalog.trainer(name);
  if (row === null) throw new Error(`${name} is no trainer`);
  return row;
}

function fixtureOf(trainer: TrainerName): Fixture {
  const file = new URL(`../fixtures/trainers/${trainer}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Fixture;
}

describe.each(TESTED)('%s', (trainer, fieldsWithoutSteps) => {
  const row = trainerRow(trainer);
  const { order, input, answer, artifact, generation } = fixtureOf(trainer);
  const request: GenerationRequest = {
    artifact,
    prompt: 'x',
    numImages: 1,
    seed: 7,
    strength: null,
    size: DEFAULT_SIZES[order.trainingType],
    outputFormat: null,
    guidanceScale: null,
    inferenceSteps: null,
  };

  test('receives the order in its own fields', () => {
    expect(row.serves).toContain(order.trainingType);
    expect(row.input(order)).toEqual(input);
  });

  test('receives no number of steps unless the caller chose one', () => {
    expect(Object.keys(row.input({ ...order, steps: null })).sort()).toEqual(fieldsWithoutSteps);
  });

  test('returns its artifact', () => {
    expect(row.read(answer)).toEqual({ artifact });
    expect(artifact.kind).toBe(row.artifact);
  });

  test('returns no artifact without one of its fields', () => {
    expect(row.read({})).toEqual({ missing: expect.stringContaining('got an empty object') as string });
    for (const field of ['diffusers_lora_file', 'finetune_id', 'high_noise_lora', 'lora_file'].filter(
      (name) => name in answer,
    )) {
      const rest = Object.entries(answer).filter(([name]) => name !== field);
      expect(row.read(Object.fromEntries(rest))).toEqual({
        missing: expect.stringContaining(`expected ${field}`) as string,
      });
    }
  });

  test('generates with its artifact', () => {
    expect(row.generator.endpoint).toBe(generation.endpoint);
    const prompt = ensureTrigger('on a hill', order.triggerPhrase).replace(',', '');
    expect(
      row.generator.input({
        ...request,
        prompt,
        numImages: row.generator.maxImages === 1 ? 1 : 2,
        strength: 0.8,
      }),
    ).toEqual(generation.input);
  });

  test('generates with a strength of 1 unless the caller chose one', () => {
    const sent = row.generator.input(request);
    expect(JSON.stringify(sent)).toContain(row.artifact === 'LORA' ? '"scale":1' : '"finetune_strength":1');
  });

  test('rejects another kind of artifact', () => {
    const other: Artifact =
      artifact.kind === 'LORA'
        ? { kind: 'FINETUNE', finetuneId: 'ft' }
        : { kind: 'LORA', loraUrl: 'https://x.example/l', configUrl: null };
    const draw = () => row.generator.input({ ...request, artifact: other });
    expect(draw).toThrow(row.generator.endpoint);
  });

  test('has a default within its bounds', () => {
    expect(row.steps.min).toBeLessThanOrEqual(row.steps.default);
    expect(row.steps.max).toBeGreaterThanOrEqual(row.steps.default);
    expect(row.endpoint).toMatch(/^[\w-]+\/[\w./-]+$/);
  });
});

test('every trainer is tested', () => {
  expect(TESTED.map(([name]) => name)).toEqual(catalog.trainers.map(({ name }) => name));
});

test('the default trainer of each training type serves it', () => {
  for (const type of TRAINING_TYPES) {
    expect(BUILT_IN.trainersFor(type)).toEqual(expect.arrayContaining([...DEFAULT_TRAINERS[type]]));
    for (const name of BUILT_IN.trainersFor(type)) expect(trainerRow(name).serves).toContain(type);
  }
  const [first, second] = DEFAULT_TRAINERS.STYLE;
  expect(trainerRow(first).deprecated?.alternative).toBe(second);
});

test.each<[TrainerName, portrait: object, style: object]>([
  ['FLUX_LORA_FAST', { is_style: false }, { is_style: true }],
  ['FLUX_KREA', { is_style: false }, { is_style: true }],
  ['TURBO_FLUX', { training_style: 'subject' }, { training_style: 'style', face_crop: false }],
])('%s distinguishes a style from a person', (name, portrait, style) => {
  const { order } = fixtureOf(name);
  const { input } = trainerRow(name);
  expect(input({ ...order, trainingType: 'PORTRAIT' })).toMatchObject(portrait);
  expect(input({ ...order, trainingType: 'STYLE' })).toMatchObject(style);
});

test('a deprecated trainer names a supported one for the same types', () => {
  for (const row of BUILT_IN.trainers) {
    const notice = deprecationNotice(row);
    if (row.deprecated === null) {
      expect(notice).toBeNull();
      continue;
    }
    const alternative = trainerRow(row.deprecated.alternative);
    expect(notice).toContain(alternative.name);
    expect(alternative.deprecated).toBeNull();
    expect(alternative.serves).toEqual(expect.arrayContaining([...row.serves]));
  }
  expect(deprecationNotice(trainerRow('FLUX_PRO'))).toContain('fal-ai/flux-pro-trainer');
});

test('a catalog knows the names of its own trainers only', () => {
  expect(BUILT_IN.trainer('FLUX_2')?.name).toBe('FLUX_2');
  for (const name of ['', 'flux_2', '__proto__', 'constructor', 'WAN_22_IMAGE'])
    expect(BUILT_IN.trainer(name)).toBeNull();
  for (const endpoint of ['', 'fal-ai/flux-2-trainer', '__proto__'])
    expect(BUILT_IN.generator(endpoint)).toBeNull();
});
