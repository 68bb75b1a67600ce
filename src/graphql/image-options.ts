import { builder, type InputFields } from './builder.ts';
import { MAX_IMAGES, type ImageSize, type OutputFormat } from '../catalog/generators.ts';
import { MAX_PROMPT_LENGTH, MAX_SEED, MAX_WAIT_SECONDS } from '../jobs/parse-input.ts';

const ImageSizeEnum = builder.enumType('ImageSize', {
  description: 'Size of an image by its ratio. The endpoint determines the number of pixels.',
  values: {
    SQUARE: { description: 'Width to height 1:1.' },
    PORTRAIT_4_3: { description: 'Width to height 3:4.' },
    PORTRAIT_16_9: { description: 'Width to height 9:16.' },
    LANDSCAPE_4_3: { description: 'Width to height 4:3.' },
    LANDSCAPE_16_9: { description: 'Width to height 16:9.' },
  } satisfies Record<ImageSize, object>,
});

const OutputFormatEnum = builder.enumType('OutputFormat', {
  description: 'File format of an image.',
  values: {
    JPEG: { description: '`image/jpeg`.' },
    PNG: { description: '`image/png`.' },
  } satisfies Record<OutputFormat, object>,
});

/** @param byDefault the sentence about a default, from that of `generateImage` */
export function optionFields(t: InputFields, byDefault: (ofGenerateImage: string) => string) {
  return {
    seed: t.int({
      description: `Seed, a whole number from 0 to ${MAX_SEED}. The same input with the same seed gives the same image. ${byDefault('a random seed in this range; see `Generation.seed`')}`,
    }),
    strength: t.float({
      description: `Weight of the artifact: with the built-in generators 0 to 4 for a LoRA, 0 to 2 for a finetune. ${byDefault('1')}`,
    }),
    size: t.field({
      type: ImageSizeEnum,
      description: `Size of the images, by name. ${byDefault('PORTRAIT_4_3 for a PORTRAIT avatar, SQUARE for a STYLE avatar')} Not together with \`width\` and \`height\`.`,
    }),
    width: t.int({
      description:
        'Width of the images in pixels. Requires `height`. The endpoint determines the limits; a refusal names them. Refused if the endpoint takes named sizes only.',
    }),
    height: t.int({
      description: 'Height of the images in pixels. Requires `width`, and has the same limits.',
    }),
    outputFormat: t.field({
      type: OutputFormatEnum,
      description: `File format of the images. ${byDefault('the default of the endpoint')}`,
    }),
    guidanceScale: t.float({
      description: `How closely the images follow the prompt. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no guidance scale. ${byDefault('the default of the endpoint')}`,
    }),
    inferenceSteps: t.int({
      description: `Number of inference steps. The endpoint determines the limits; a refusal names them. Refused if the endpoint has no inference steps. ${byDefault('the default of the endpoint')}`,
    }),
  };
}

/** @param ends the sentence about when the call returns before that time */
export function waitField(t: InputFields, ends: string) {
  return {
    waitSeconds: t.int({
      defaultValue: 0,
      description: `Maximum time to wait for the images, in seconds, 0 to ${MAX_WAIT_SECONDS}. ${ends}`,
    }),
  };
}

/** The images of one prompt. */
export function imageFields(t: InputFields) {
  return {
    prompt: t.string({
      required: true,
      description: `Prompt, 1 to ${MAX_PROMPT_LENGTH} characters. The avatar’s trigger phrase is added if it is missing.`,
    }),
    numImages: t.int({ defaultValue: 1, description: `Number of images, 1 to ${MAX_IMAGES}.` }),
    ...optionFields(t, (ofGenerateImage) => `Default: ${ofGenerateImage}.`),
  };
}
