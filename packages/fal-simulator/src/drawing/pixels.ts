import { createRequire } from 'node:module';
import type { Sharp, SharpInput, SharpOptions } from 'sharp';

/** Red, green, blue for each pixel, row by row. */
export type Pixels = { data: Uint8Array; width: number; height: number };

type Load = (input: SharpInput | SharpOptions, options?: SharpOptions) => Sharp;

let loaded: Load | null = null;

/** Loaded on use, and not bundled: it finds its decoders next to its code. */
export const sharp: Load = (input, options) => {
  loaded ??= createRequire(import.meta.url)('sharp') as Load;
  return loaded(input, options);
};

export async function pixelsOf(image: Sharp): Promise<Pixels> {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}
