import type { ImageSize, TrainingType } from '@likeness/client';

export const SIZES: readonly { readonly size: ImageSize; readonly name: string; readonly ratio: number }[] = [
  { size: 'PORTRAIT_16_9', name: 'Tall', ratio: 9 / 16 },
  { size: 'PORTRAIT_4_3', name: 'Portrait', ratio: 3 / 4 },
  { size: 'SQUARE', name: 'Square', ratio: 1 },
  { size: 'LANDSCAPE_4_3', name: 'Landscape', ratio: 4 / 3 },
  { size: 'LANDSCAPE_16_9', name: 'Wide', ratio: 16 / 9 },
];

export function defaultSize(type: TrainingType): ImageSize {
  return type === 'STYLE' ? 'SQUARE' : 'PORTRAIT_4_3';
}

/** Ratios requested on this page, by generation: they reserve room for images that are not ready. */
const asked = new Map<string, number>();

export function rememberSize(generationId: string, size: ImageSize): void {
  asked.set(generationId, SIZES.find((each) => each.size === size)?.ratio ?? 1);
}

export function expectedRatio(generationId: string, type: TrainingType): number {
  return asked.get(generationId) ?? (type === 'STYLE' ? 1 : 3 / 4);
}
