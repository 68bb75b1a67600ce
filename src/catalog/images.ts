import * as z from 'zod';
import { fieldsOf } from './artifact.ts';
import { MAX_IMAGES } from './generators.ts';
import { parseWebUrl } from '../values/web-url.ts';
import { isJsonObject, type Json } from '../values/json.ts';

export type GeneratedImage = {
  readonly url: string;
  /** In pixels; null when fal's response has none. */
  readonly width: number | null;
  readonly height: number | null;
  readonly contentType: string | null;
  /** Marked by fal's safety checker; such an image is usually black. */
  readonly flagged: boolean;
};

type ImagesReading =
  { readonly images: readonly GeneratedImage[]; readonly seed: number | null } | { readonly missing: string };

const responseSchema = z.object({
  images: z.preprocess(
    (images) => (Array.isArray(images) ? images.slice(0, MAX_IMAGES) : images),
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
  // Seeds exceed 32 bits. One that a double cannot hold exactly is dropped.
  seed: z.int().nonnegative().nullish().catch(null),
  has_nsfw_concepts: z.preprocess(
    (flags) => (Array.isArray(flags) ? flags.slice(0, MAX_IMAGES) : flags),
    z.array(z.boolean().nullable().catch(null)).nullish().catch(null),
  ),
});

/** Reads the response of a generation endpoint: all have `images`, or one `image`. */
export function readImages(output: Json): ImagesReading {
  const isOne = isJsonObject(output) && output['images'] === undefined && isJsonObject(output['image']);
  const response = responseSchema.safeParse(isOne ? { ...output, images: [output['image']] } : output);
  if (!response.success) {
    return { missing: `expected images with http(s) URLs; got ${fieldsOf(output)}` };
  }
  const { images, seed, has_nsfw_concepts: flags } = response.data;
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
