import { z } from 'zod';
import { fieldsOf } from './artefact.ts';
import { parseWebUrl } from '../values/web-url.ts';
import type { Json } from '../values/json.ts';

export type GeneratedImage = {
  readonly url: string;
  /** Pixels; null when fal left it out. */
  readonly width: number | null;
  readonly height: number | null;
  readonly contentType: string | null;
  /** fal's safety checker marked it; the picture is then usually black. */
  readonly flagged: boolean;
};

export type ImagesReading =
  { readonly images: readonly GeneratedImage[]; readonly seed: number | null } | { readonly missing: string };

/** Four are asked for at most. What an answer holds beyond these is not read. */
const MOST_IMAGES = 16;

const answerSchema = z.object({
  images: z.preprocess(
    (images) => (Array.isArray(images) ? images.slice(0, MOST_IMAGES) : images),
    z
      .array(
        z.object({
          url: z.string().refine((url) => parseWebUrl(url) !== null),
          width: z.number().int().nonnegative().nullish().catch(null),
          height: z.number().int().nonnegative().nullish().catch(null),
          content_type: z
            .string()
            .regex(/^\P{Cc}{1,100}$/u)
            .nullish()
            .catch(null),
        }),
      )
      .min(1),
  ),
  // Seeds go beyond 32 bits; one that JSON's numbers cannot hold exactly is dropped rather than stored wrong.
  seed: z.int().nonnegative().nullish().catch(null),
  has_nsfw_concepts: z.preprocess(
    (flags) => (Array.isArray(flags) ? flags.slice(0, MOST_IMAGES) : flags),
    z.array(z.boolean().nullable().catch(null)).nullish().catch(null),
  ),
});

/** Reads a generation endpoint's answer: all of them have this shape. */
export function readImages(output: Json): ImagesReading {
  const answer = answerSchema.safeParse(output);
  if (!answer.success) {
    return { missing: `expected images with http(s) URLs; got ${fieldsOf(output)}` };
  }
  const { images, seed, has_nsfw_concepts: flags } = answer.data;
  return {
    seed: seed ?? null,
    images: images.map((image, index) => ({
      url: image.url,
      width: image.width ?? null,
      height: image.height ?? null,
      contentType: image.content_type ?? null,
      flagged: flags?.[index] ?? false,
    })),
  };
}
