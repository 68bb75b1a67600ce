import { z } from 'zod';
import type { GeneratedImage } from '../catalog/images.ts';

const storedImages = z.array(
  z.object({
    url: z.string(),
    width: z.number().nullable(),
    height: z.number().nullable(),
    contentType: z.string().nullable(),
    flagged: z.boolean(),
  }),
);

/** True for the images column's value as it is written when a generation completes. */
export function isGeneratedImages(value: unknown): value is readonly GeneratedImage[] {
  return storedImages.safeParse(value).success;
}
