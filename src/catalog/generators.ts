import type { Artifact } from './artefact.ts';
import type { JsonObject } from '../values/json.ts';

export type GenerationRequest = {
  readonly artifact: Artifact;
  /** Contains the trigger phrase. */
  readonly prompt: string;
  readonly numImages: number;
  readonly seed: number | null;
  readonly strength: number | null;
};

/** An endpoint that makes images with an artefact. */
export type Generator = {
  readonly endpoint: string;
  /** The artefact's weight: a LoRA's `scale`, a finetune's `finetune_strength`. */
  readonly strength: { readonly min: number; readonly max: number; readonly default: number };
  readonly input: (request: GenerationRequest) => JsonObject;
};

const LORA_SCALE = { min: 0, max: 4, default: 1 } as const;

function loraGenerator(endpoint: string): Generator {
  return {
    endpoint,
    strength: LORA_SCALE,
    input: (request) => {
      if (request.artifact.kind !== 'LORA') throw new Error(`${endpoint} generates from a LoRA`);
      return {
        prompt: request.prompt,
        loras: [{ path: request.artifact.loraUrl, scale: request.strength ?? LORA_SCALE.default }],
        num_images: request.numImages,
        ...(request.seed === null ? {} : { seed: request.seed }),
      };
    },
  };
}

const FINETUNE_STRENGTH = { min: 0, max: 2, default: 1 } as const;

function finetuneGenerator(endpoint: string): Generator {
  return {
    endpoint,
    strength: FINETUNE_STRENGTH,
    input: (request) => {
      if (request.artifact.kind !== 'FINETUNE') throw new Error(`${endpoint} generates from a finetune`);
      return {
        prompt: request.prompt,
        finetune_id: request.artifact.finetuneId,
        finetune_strength: request.strength ?? FINETUNE_STRENGTH.default,
        num_images: request.numImages,
        ...(request.seed === null ? {} : { seed: request.seed }),
      };
    },
  };
}

export const FLUX_LORA = loraGenerator('fal-ai/flux-lora');
export const FLUX_2_LORA = loraGenerator('fal-ai/flux-2/lora');
export const FLUX_PRO_ULTRA_FINETUNED = finetuneGenerator('fal-ai/flux-pro/v1.1-ultra-finetuned');
