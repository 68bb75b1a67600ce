import * as z from 'zod';

export type Size = { width: number; height: number };

const NAMED = {
  square_hd: { width: 1024, height: 1024 },
  square: { width: 512, height: 512 },
  portrait_4_3: { width: 768, height: 1024 },
  portrait_16_9: { width: 576, height: 1024 },
  landscape_4_3: { width: 1024, height: 768 },
  landscape_16_9: { width: 1024, height: 576 },
} as const satisfies Record<string, Size>;

export function imageSize(minSide = 64) {
  const side = z.int().min(minSide).max(2048).optional();
  return z.union([
    z.enum(Object.keys(NAMED) as [keyof typeof NAMED]),
    z.looseObject({ width: side, height: side }),
  ]);
}

export const aspectRatio = z.string().regex(/^[1-9]\d?:[1-9]\d?$/);

const anySize = imageSize();

/** fal fills a side that is left out with 512, and takes landscape_4_3 when there is no size at all. */
export function pixelsOf(value: unknown): Size {
  const size = anySize.safeParse(value ?? 'landscape_4_3').data;
  if (typeof size === 'string') return NAMED[size];
  return { width: size?.width ?? 512, height: size?.height ?? 512 };
}

/** About the area of a 16:9 image whose longer side is `longSide`; sides are multiples of 32. */
export function pixelsOfRatio(value: unknown, longSide: number): Size {
  const ratio = aspectRatio.safeParse(value ?? '16:9').data ?? '16:9';
  const [across = 16, down = 9] = ratio.split(':').map(Number);
  const area = (longSide * longSide * 9) / 16;
  const share = Math.min(4, Math.max(0.25, across / down));
  const round = (pixels: number) => Math.max(64, Math.round(pixels / 32) * 32);
  return { width: round(Math.sqrt(area * share)), height: round(Math.sqrt(area / share)) };
}
