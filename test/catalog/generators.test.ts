import { describe, expect, test } from 'vitest';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import {
  createGenerator,
  generatorForm,
  IMAGE_SIZES,
  type GenerationRequest,
  type Generator,
} from '../../src/catalog/generators.ts';
import type { Artifact } from '../../src/catalog/artifact.ts';

const LORA = { kind: 'LORA', loraUrl: 'https://files.example/lora', configUrl: null } as const;
const FINETUNE: Artifact = { kind: 'FINETUNE', finetuneId: 'ft' };

const ULTRA = 'fal-ai/flux-pro/v1.1-ultra-finetuned';

function generatorAt(endpoint: string): Generator {
  const generator = BUILT_IN.generator(endpoint);
  if (generator === null) throw new Error(`${endpoint} is no generator`);
  return generator;
}

const REQUEST = {
  prompt: 'TOK on a hill',
  numImages: 2,
  seed: 7,
  strength: null,
  size: 'SQUARE',
  outputFormat: null,
  guidanceScale: null,
  inferenceSteps: null,
} as const;

const SENT = { prompt: 'TOK on a hill', num_images: 2, seed: 7 };
const SENT_TO_LORA = { ...SENT, loras: [{ path: 'https://files.example/lora', scale: 1 }] };
const SENT_TO_ULTRA = { ...SENT, finetune_id: 'ft', finetune_strength: 1 };

type Change = Partial<Omit<GenerationRequest, 'artifact'>>;

const LORA_CASES: readonly [change: Change, sent: object][] = [
  [{}, { image_size: 'square_hd' }],
  [{ size: 'PORTRAIT_4_3' }, { image_size: 'portrait_4_3' }],
  [{ size: 'PORTRAIT_16_9' }, { image_size: 'portrait_16_9' }],
  [{ size: 'LANDSCAPE_4_3' }, { image_size: 'landscape_4_3' }],
  [{ size: 'LANDSCAPE_16_9' }, { image_size: 'landscape_16_9' }],
  [{ size: { width: 832, height: 1216 } }, { image_size: { width: 832, height: 1216 } }],
  [{ outputFormat: 'JPEG' }, { image_size: 'square_hd', output_format: 'jpeg' }],
  [{ outputFormat: 'PNG' }, { image_size: 'square_hd', output_format: 'png' }],
  [{ guidanceScale: 0 }, { image_size: 'square_hd', guidance_scale: 0 }],
  [{ inferenceSteps: 40 }, { image_size: 'square_hd', num_inference_steps: 40 }],
];

const ULTRA_CASES: readonly [change: Change, sent: object][] = [
  [{}, { aspect_ratio: '1:1' }],
  [{ size: 'PORTRAIT_4_3' }, { aspect_ratio: '3:4' }],
  [{ size: 'PORTRAIT_16_9' }, { aspect_ratio: '9:16' }],
  [{ size: 'LANDSCAPE_4_3' }, { aspect_ratio: '4:3' }],
  [{ size: 'LANDSCAPE_16_9' }, { aspect_ratio: '16:9' }],
  [{ outputFormat: 'JPEG' }, { aspect_ratio: '1:1', output_format: 'jpeg' }],
  [{ outputFormat: 'PNG' }, { aspect_ratio: '1:1', output_format: 'png' }],
  // fal would ignore both.
  [{ guidanceScale: 3, inferenceSteps: 40 }, { aspect_ratio: '1:1' }],
];

const TURBO_CASES = LORA_CASES.map(([change, sent]): (typeof LORA_CASES)[number] =>
  // It has no guidance, and fal would ignore it.
  'guidanceScale' in change ? [change, { image_size: 'square_hd' }] : [change, sent],
);

const GENERATORS: readonly [Generator, Artifact, sent: object, typeof LORA_CASES][] = [
  [generatorAt('fal-ai/flux-lora'), LORA, SENT_TO_LORA, LORA_CASES],
  [generatorAt('fal-ai/flux-krea-lora'), LORA, SENT_TO_LORA, LORA_CASES],
  [generatorAt('fal-ai/flux-2/lora'), LORA, SENT_TO_LORA, LORA_CASES],
  [generatorAt('fal-ai/qwen-image'), LORA, SENT_TO_LORA, LORA_CASES],
  [generatorAt('fal-ai/z-image/turbo/lora'), LORA, SENT_TO_LORA, TURBO_CASES],
  [generatorAt(ULTRA), FINETUNE, SENT_TO_ULTRA, ULTRA_CASES],
];

describe.each(GENERATORS.map((row) => [row[0].endpoint, row] as const))(
  '%s',
  (_endpoint, [generator, artifact, always, cases]) => {
    test.each(cases.map(([change, sent]) => [JSON.stringify(change), change, sent] as const))(
      'is sent %s in its own fields',
      (_what, change, sent) => {
        expect(generator.input({ ...REQUEST, artifact, ...change })).toEqual({ ...always, ...sent });
      },
    );

    test('takes every size by name', () => {
      const sent = IMAGE_SIZES.map((size) => JSON.stringify(generator.input({ ...REQUEST, artifact, size })));
      expect(new Set(sent).size).toBe(IMAGE_SIZES.length);
    });
  },
);

const UNCHANGED = {
  prompt: null,
  numImages: null,
  seed: null,
  strength: null,
  size: null,
  outputFormat: null,
  guidanceScale: null,
  inferenceSteps: null,
} as const;

describe.each(GENERATORS.map((row) => [row[0].endpoint, row] as const))(
  'an earlier input of %s',
  (_endpoint, [generator, artifact, , cases]) => {
    const earlier = { ...generator.input({ ...REQUEST, artifact }), acceleration: 'none' };

    test('is the same without changes', () => {
      expect(generator.again(earlier, UNCHANGED)).toEqual(earlier);
    });

    test.each(cases.map(([change, sent]) => [JSON.stringify(change), change, sent] as const))(
      'has all of it but %s',
      (_what, change, sent) => {
        expect(generator.again(earlier, { ...UNCHANGED, ...change })).toEqual({ ...earlier, ...sent });
      },
    );

    test('keeps its artifact at another strength', () => {
      const stronger = generator.input({ ...REQUEST, artifact, strength: 1.5 });
      const { acceleration: _, ...again } = generator.again(earlier, { ...UNCHANGED, strength: 1.5 });
      expect(again).toEqual(stronger);
    });
  },
);

test('an endpoint without sizes in pixels is never sent one', () => {
  const request = { ...REQUEST, artifact: FINETUNE, size: { width: 512, height: 512 } };
  expect(() => generatorAt(ULTRA).input(request)).toThrow('no size in pixels');
});

test('an endpoint for a LoRA of several files gets each with its own fields, one image, and its fixed input', () => {
  const generator = createGenerator(
    generatorForm.parse({
      endpoint: 'fal-ai/wan/v2.2-a14b/text-to-image/lora',
      loras: [{ transformer: 'low' }, { transformer: 'high' }],
      numImages: null,
      outputFormat: 'image_format',
      input: { acceleration: 'none' },
    }),
  );
  const artifact: Artifact = { ...LORA, otherLoraUrls: ['https://files.example/high'] };
  const input = generator.input({ ...REQUEST, artifact, outputFormat: 'PNG', strength: 0.5 });
  const files = (scale: number) => [
    { path: LORA.loraUrl, scale, transformer: 'low' },
    { path: 'https://files.example/high', scale, transformer: 'high' },
  ];
  const { num_images: _, ...sent } = SENT;
  const always = { ...sent, acceleration: 'none', image_size: 'square_hd', image_format: 'png' };
  expect(input).toEqual({ ...always, loras: files(0.5) });
  expect(generator.again(input, { ...UNCHANGED, strength: 2 })).toEqual({ ...always, loras: files(2) });
  expect(generator.maxImages).toBe(1);
  expect(() => generator.input({ ...REQUEST, artifact: LORA })).toThrow('2 LoRA files');
});

test('every generator of the catalog is tested', () => {
  const used = new Set(BUILT_IN.trainers.map(({ generator }) => generator));
  expect(used).toEqual(new Set(GENERATORS.map(([generator]) => generator)));
});
