import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  DEFAULT_SIZES,
  DEFAULT_TRAINERS,
  deprecationNotice,
  isTrainer,
  TRAINER_NAMES,
  trainerRow,
  trainersFor,
  TRAINING_TYPES,
  type Trainer,
  type TrainingRequest,
} from '../../src/catalog/trainers.ts';
import { ensureTrigger } from '../../src/catalog/trigger.ts';
import type { Artifact } from '../../src/catalog/artefact.ts';
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
const TESTED: readonly (readonly [Trainer, fields: readonly string[]])[] = [
  ['FLUX_LORA_PORTRAIT', ['images_data_url', 'trigger_phrase']],
  ['FLUX_PRO', ['data_url', 'finetune_comment', 'mode', 'trigger_word']],
  ['FLUX_LORA_FAST', ['images_data_url', 'is_style', 'trigger_word']],
  ['FLUX_2', ['default_caption', 'image_data_url']],
];

function fixtureOf(trainer: Trainer): Fixture {
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

  test('returns its artefact', () => {
    expect(row.read(answer)).toEqual({ artifact });
    expect(artifact.kind).toBe(row.artifact);
  });

  test('returns no artefact without one of its fields', () => {
    expect(row.read({})).toEqual({ missing: expect.stringContaining('got an empty object') as string });
    for (const field of ['diffusers_lora_file', 'finetune_id', 'lora_file'].filter(
      (name) => name in answer,
    )) {
      const rest = Object.entries(answer).filter(([name]) => name !== field);
      expect(row.read(Object.fromEntries(rest))).toEqual({
        missing: expect.stringContaining(`expected ${field}`) as string,
      });
    }
  });

  test('generates with its artefact', () => {
    expect(row.generator.endpoint).toBe(generation.endpoint);
    const prompt = ensureTrigger('on a hill', order.triggerPhrase).replace(',', '');
    expect(row.generator.input({ ...request, prompt, numImages: 2, strength: 0.8 })).toEqual(
      generation.input,
    );
  });

  test('generates with the default strength unless the caller chose one', () => {
    const sent = row.generator.input(request);
    const { strength } = row.generator;
    expect(JSON.stringify(sent)).toContain(
      row.artifact === 'LORA' ? `"scale":${strength.default}` : `"finetune_strength":${strength.default}`,
    );
  });

  test('rejects another kind of artefact', () => {
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
  expect(TESTED.map(([name]) => name).sort()).toEqual([...TRAINER_NAMES].sort());
});

test('the default trainer of each training type serves it', () => {
  for (const type of TRAINING_TYPES) {
    expect(trainersFor(type)).toContain(DEFAULT_TRAINERS[type]);
    for (const name of trainersFor(type)) expect(trainerRow(name).serves).toContain(type);
  }
  expect(DEFAULT_TRAINERS).toEqual({ PORTRAIT: 'FLUX_LORA_PORTRAIT', STYLE: 'FLUX_PRO' });
});

test('the fast trainer distinguishes a style from a person', () => {
  const { order } = fixtureOf('FLUX_LORA_FAST');
  const { input } = trainerRow('FLUX_LORA_FAST');
  expect(input({ ...order, trainingType: 'PORTRAIT' })).toMatchObject({ is_style: false });
  expect(input({ ...order, trainingType: 'STYLE' })).toMatchObject({ is_style: true });
});

test('a deprecated trainer names a supported one for the same types', () => {
  for (const name of TRAINER_NAMES) {
    const { deprecated, serves } = trainerRow(name);
    const notice = deprecationNotice(name);
    if (deprecated === null) {
      expect(notice).toBeNull();
      continue;
    }
    const { alternative } = deprecated;
    if (!isTrainer(alternative)) throw new Error(`${alternative} is no trainer`);
    expect(notice).toContain(alternative);
    expect(trainerRow(alternative).deprecated).toBeNull();
    expect(trainerRow(alternative).serves).toEqual(expect.arrayContaining([...serves]));
  }
  expect(deprecationNotice('FLUX_PRO')).toContain('fal-ai/flux-pro-trainer');
});

test('isTrainer accepts the names of trainers only', () => {
  expect(isTrainer('FLUX_2')).toBe(true);
  for (const name of ['', 'flux_2', '__proto__', 'constructor', 'toString'])
    expect(isTrainer(name)).toBe(false);
});
