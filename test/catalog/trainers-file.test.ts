import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { BUILT_IN, type Catalog } from '../../src/catalog/catalog.ts';
import { readTrainersFile } from '../../src/catalog/trainers-file.ts';

const EXAMPLE = readFileSync(new URL('../../docs/trainers.example.json', import.meta.url), 'utf8');

type Rows = {
  trainers: Record<string, Record<string, unknown>>;
  generators: [Record<string, unknown>, ...Record<string, unknown>[]];
};

/** The example, changed. */
function changed(change: (rows: Rows, trainer: Record<string, unknown>) => void): string {
  const rows = JSON.parse(EXAMPLE) as Rows;
  change(rows, rows.trainers['WAN_22_IMAGE'] ?? {});
  return JSON.stringify(rows);
}

function problemsOf(text: string): readonly string[] {
  const reading = readTrainersFile(text);
  return 'problems' in reading ? reading.problems : [];
}

function catalogOf(text: string): Catalog {
  const reading = readTrainersFile(text);
  if ('problems' in reading) throw new Error(reading.problems.join('\n'));
  return reading.catalog;
}

test('a file adds its trainers after the built-in ones, which stay as they are', () => {
  const { trainers } = catalogOf(EXAMPLE);
  expect(trainers.map(({ name }) => name)).toEqual([
    ...BUILT_IN.trainers.map(({ name }) => name),
    'WAN_22_IMAGE',
  ]);
  expect(trainers.at(-1)).toMatchObject({
    endpoint: 'fal-ai/wan-22-image-trainer',
    steps: { min: 100, max: 10_000, default: 1000 },
    artifact: 'LORA',
    generator: { endpoint: 'fal-ai/wan/v2.2-a14b/text-to-image/lora', files: 2, maxImages: 1 },
    deprecated: null,
  });
});

test('a trainer of a file can use a built-in generator', () => {
  const text = changed((rows, trainer) => {
    rows.generators.splice(0);
    Object.assign(trainer, { result: { loras: ['lora_file'] }, generator: 'fal-ai/flux-lora' });
  });
  expect(catalogOf(text).trainer('WAN_22_IMAGE')?.generator.endpoint).toBe('fal-ai/flux-lora');
});

describe('a file is refused', () => {
  test.each<[what: string, text: string, problem: string]>([
    ['that is not JSON', '{', 'expected JSON'],
    ['that is a list', '[]', 'Invalid input: expected object, received array'],
    ['without trainers', '{}', 'trainers: Invalid input: expected record, received undefined'],
    [
      'with a setting nobody knows',
      changed((_rows, trainer) => (trainer['step'] = 1)),
      'trainers.WAN_22_IMAGE: Unrecognized key: "step"',
    ],
    [
      'with a name that GraphQL has no room for',
      EXAMPLE.replace('WAN_22_IMAGE', 'wan-22'),
      'trainers.wan-22: expected a name of capital letters, digits and underscores, at most 64',
    ],
    [
      'with the name of a built-in trainer',
      EXAMPLE.replace('WAN_22_IMAGE', 'FLUX_PRO'),
      'trainers.FLUX_PRO: expected another name',
    ],
    [
      'with an address for an endpoint',
      changed((_rows, trainer) => (trainer['endpoint'] = 'https://evil.example/x')),
      'trainers.WAN_22_IMAGE.endpoint: expected an endpoint of fal',
    ],
    [
      'with an endpoint that leaves its path',
      changed((_rows, trainer) => (trainer['endpoint'] = 'fal-ai/../x')),
      'trainers.WAN_22_IMAGE.endpoint: expected an endpoint of fal',
    ],
    [
      'with an endpoint of one segment',
      changed((_rows, trainer) => (trainer['endpoint'] = 'fal-ai')),
      'trainers.WAN_22_IMAGE.endpoint: expected an endpoint of fal',
    ],
    [
      'with an endpoint that has a query',
      changed((_rows, trainer) => (trainer['endpoint'] = 'fal-ai/x?fal_webhook=y')),
      'trainers.WAN_22_IMAGE.endpoint: expected an endpoint of fal',
    ],
    [
      'with a field that is a path',
      changed((_rows, trainer) => (trainer['archive'] = 'a.b')),
      'trainers.WAN_22_IMAGE.archive: expected a field name',
    ],
    [
      'that fills a field twice',
      changed((_rows, trainer) => (trainer['trigger'] = 'training_data_url')),
      'trainers.WAN_22_IMAGE: expected each input field once, got training_data_url twice',
    ],
    [
      'that fixes the field of the steps',
      changed((_rows, trainer) => (trainer['input'] = { steps: 1 })),
      'trainers.WAN_22_IMAGE: expected each input field once, got steps twice',
    ],
    [
      'with a fixed text that no database stores',
      changed((_rows, trainer) => (trainer['input'] = { a: ['\u0000'] })),
      'trainers.WAN_22_IMAGE.input: expected texts without NUL',
    ],
    [
      'with a training type of its own',
      changed((_rows, trainer) => (trainer['serves'] = ['PET'])),
      'trainers.WAN_22_IMAGE.serves.0: Invalid option',
    ],
    [
      'with a default of steps out of the range',
      changed((_rows, trainer) => (trainer['steps'] = { field: 'steps', min: 10, max: 20, default: 9 })),
      'trainers.WAN_22_IMAGE.steps: expected min ≤ default ≤ max',
    ],
    [
      'with more files than an artifact may have',
      changed((_rows, trainer) => (trainer['result'] = { loras: ['a', 'b', 'c', 'd', 'e'] })),
      'trainers.WAN_22_IMAGE.result',
    ],
    [
      'with a generator nobody knows',
      changed((_rows, trainer) => (trainer['generator'] = 'fal-ai/none')),
      'trainers.WAN_22_IMAGE.generator: expected the endpoint of a generator, built-in or in this file, got fal-ai/none',
    ],
    [
      'with a generator for fewer files',
      changed((_rows, trainer) => (trainer['generator'] = 'fal-ai/flux-lora')),
      'trainers.WAN_22_IMAGE.generator: expected a generator with 2 entries in loras',
    ],
    [
      'with a generator for another artifact',
      changed((_rows, trainer) => (trainer['result'] = { finetune: 'finetune_id' })),
      'trainers.WAN_22_IMAGE.generator: expected a generator that takes a FINETUNE',
    ],
    [
      'with a built-in generator',
      changed(({ generators }) => void generators.push({ endpoint: 'fal-ai/flux-lora' })),
      'generators.1.endpoint: expected no second row of fal-ai/flux-lora',
    ],
    [
      'with a generator twice',
      changed(({ generators }) => void generators.push({ endpoint: 'a/b' }, { endpoint: 'a/b' })),
      'generators.2.endpoint: expected no second row of a/b',
    ],
    [
      'with a range the wrong way round',
      changed(({ generators }) => void (generators[0]['side'] = { min: 2, max: 1 })),
      'generators.0.side: expected min to be at most max',
    ],
    [
      'with pixels for a size by its ratio',
      changed(({ generators }) => void (generators[0]['size'] = 'aspect_ratio')),
      'generators.0: expected no side together with size aspect_ratio',
    ],
    [
      'with an unknown alternative',
      changed((_rows, trainer) => (trainer['deprecated'] = { note: 'gone', alternative: 'X' })),
      'trainers.WAN_22_IMAGE.deprecated.alternative: expected the name of a trainer',
    ],
  ])('%s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([expect.stringContaining(problem) as string]);
  });

  test('with all its problems, at most twenty, each short and without control characters', () => {
    const one = changed((_rows, trainer) =>
      Object.assign(trainer, { endpoint: 'x', serves: [], trigger: '1' }),
    );
    expect(problemsOf(one)).toHaveLength(3);
    const names = Array.from({ length: 40 }, (_, n) => `n${n}\n${'x'.repeat(1000)}`);
    const many = problemsOf(
      JSON.stringify({ trainers: Object.fromEntries(names.map((name) => [name, {}])) }),
    );
    expect(many.length).toBeLessThanOrEqual(20);
    for (const problem of many) {
      expect(problem.length).toBeLessThanOrEqual(200);
      expect(problem).not.toMatch(/\p{Cc}/u);
    }
  });

  test('with more trainers than anybody needs', () => {
    const text = changed((rows, trainer) => {
      for (let n = 0; n < 50; n += 1) rows.trainers[`T${n}`] = trainer;
    });
    expect(problemsOf(text)).toEqual(['trainers: expected at most 50 trainers']);
  });
});
