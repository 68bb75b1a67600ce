import type { Artifact } from './artefact.ts';
import type { JsonObject } from '../values/json.ts';

export type GenerationOrder = {
  readonly artifact: Artifact;
  /** With the trigger phrase in it. */
  readonly prompt: string;
  readonly numImages: number;
  readonly seed: number | null;
  readonly strength: number | null;
};

/** An endpoint that draws images from what a trainer made. */
export type Generator = {
  readonly endpoint: string;
  /** How strongly the artefact shows: a LoRA's `scale`, a finetune's `finetune_strength`. */
  readonly strength: { readonly min: number; readonly max: number; readonly default: number };
  readonly input: (order: GenerationOrder) => JsonObject;
};

const LORA_SCALE = { min: 0, max: 4, default: 1 } as const;

function loraGenerator(endpoint: string): Generator {
  return {
    endpoint,
    strength: LORA_SCALE,
    input: (order) => {
      if (order.artifact.kind !== 'LORA') throw new Error(`${endpoint} generates from a LoRA`);
      return {
        prompt: order.prompt,
        loras: [{ path: order.artifact.loraUrl, scale: order.strength ?? LORA_SCALE.default }],
        num_images: order.numImages,
        ...(order.seed === null ? {} : { seed: order.seed }),
      };
    },
  };
}

const FINETUNE_STRENGTH = { min: 0, max: 2, default: 1 } as const;

function finetuneGenerator(endpoint: string): Generator {
  return {
    endpoint,
    strength: FINETUNE_STRENGTH,
    input: (order) => {
      if (order.artifact.kind !== 'FINETUNE') throw new Error(`${endpoint} generates from a finetune`);
      return {
        prompt: order.prompt,
        finetune_id: order.artifact.finetuneId,
        finetune_strength: order.strength ?? FINETUNE_STRENGTH.default,
        num_images: order.numImages,
        ...(order.seed === null ? {} : { seed: order.seed }),
      };
    },
  };
}

export const FLUX_LORA = loraGenerator('fal-ai/flux-lora');
export const FLUX_2_LORA = loraGenerator('fal-ai/flux-2/lora');
export const FLUX_PRO_ULTRA_FINETUNED = finetuneGenerator('fal-ai/flux-pro/v1.1-ultra-finetuned');
