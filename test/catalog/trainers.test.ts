import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
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
import type { JsonObject } from '../../src/values/json.ts';

/** What one trainer gets, gives and generates with; the answer has the shape fal's own types and samples give it. */
type Fixture = {
  readonly order: TrainingRequest;
  readonly input: JsonObject;
  readonly answer: JsonObject;
  readonly artifact: Artifact;
  readonly generation: { readonly endpoint: string; readonly input: JsonObject };
};

// A new trainer is one line here and its fixture.
const TRIED: readonly (readonly [Trainer, fieldsOfTheRest: readonly string[]])[] = [
  ['FLUX_LORA_PORTRAIT', ['images_data_url', 'trigger_phrase']],
  ['FLUX_PRO', ['data_url', 'finetune_comment', 'mode', 'trigger_word']],
  ['FLUX_LORA_FAST', ['images_data_url', 'is_style', 'trigger_word']],
  ['FLUX_2', ['default_caption', 'image_data_url']],
];

function fixtureOf(trainer: Trainer): Fixture {
  const file = new URL(`../fixtures/trainers/${trainer}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Fixture;
}

describe.each(TRIED)('%s', (trainer, fieldsWithoutSteps) => {
  const row = trainerRow(trainer);
  const { order, input, answer, artifact, generation } = fixtureOf(trainer);

  test('is sent our order in its own words', () => {
    expect(row.serves).toContain(order.trainingType);
    expect(row.input(order)).toEqual(input);
  });

  test('is sent no number of steps where the caller named none', () => {
    expect(Object.keys(row.input({ ...order, steps: null })).sort()).toEqual(fieldsWithoutSteps);
  });

  test('gives its artefact', () => {
    expect(row.read(answer)).toEqual({ artifact });
    expect(artifact.kind).toBe(row.artifact);
  });

  test('gives nothing made up where each promised field is missing', () => {
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

  test('is generated from with what its training left', () => {
    expect(row.generator.endpoint).toBe(generation.endpoint);
    const prompt = ensureTrigger('on a hill', order.triggerPhrase).replace(',', '');
    expect(row.generator.input({ artifact, prompt, numImages: 2, seed: 7, strength: 0.8 })).toEqual(
      generation.input,
    );
  });

  test('is generated from with full strength and a seed of fal where the caller named neither', () => {
    const sent = row.generator.input({ artifact, prompt: 'x', numImages: 1, seed: null, strength: null });
    expect(sent).not.toHaveProperty('seed');
    const { strength } = row.generator;
    expect(JSON.stringify(sent)).toContain(
      row.artifact === 'LORA' ? `"scale":${strength.default}` : `"finetune_strength":${strength.default}`,
    );
  });

  test('is never generated from with another kind of artefact', () => {
    const other: Artifact =
      artifact.kind === 'LORA'
        ? { kind: 'FINETUNE', finetuneId: 'ft' }
        : { kind: 'LORA', loraUrl: 'https://x.example/l', configUrl: null };
    const draw = () =>
      row.generator.input({ artifact: other, prompt: 'x', numImages: 1, seed: null, strength: null });
    expect(draw).toThrow(row.generator.endpoint);
  });

  test('has bounds that hold its default', () => {
    expect(row.steps.min).toBeLessThanOrEqual(row.steps.default);
    expect(row.steps.max).toBeGreaterThanOrEqual(row.steps.default);
    expect(row.endpoint).toMatch(/^[\w-]+\/[\w./-]+$/);
    expect(row.price).not.toBe('');
  });
});

test('every trainer of the table is tried here', () => {
  expect(TRIED.map(([name]) => name).sort()).toEqual([...TRAINER_NAMES].sort());
});

test('each training type has trainers, and its default is one of them', () => {
  for (const type of TRAINING_TYPES) {
    expect(trainersFor(type)).toContain(DEFAULT_TRAINERS[type]);
    for (const name of trainersFor(type)) expect(trainerRow(name).serves).toContain(type);
  }
  expect(DEFAULT_TRAINERS).toEqual({ PORTRAIT: 'FLUX_LORA_PORTRAIT', STYLE: 'FLUX_PRO' });
});

test('the fast trainer tells a style from a person', () => {
  const { order } = fixtureOf('FLUX_LORA_FAST');
  const { input } = trainerRow('FLUX_LORA_FAST');
  expect(input({ ...order, trainingType: 'PORTRAIT' })).toMatchObject({ is_style: false });
  expect(input({ ...order, trainingType: 'STYLE' })).toMatchObject({ is_style: true });
});

test('a deprecated trainer names one that fal supports and that serves the same type', () => {
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

test('a name from outside is a trainer only if it is one', () => {
  expect(isTrainer('FLUX_2')).toBe(true);
  for (const name of ['', 'flux_2', '__proto__', 'constructor', 'toString'])
    expect(isTrainer(name)).toBe(false);
});
