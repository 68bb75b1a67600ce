import type { Avatar, ImageSize } from '@likeness/client';
import { defaultSize, SIZES } from './sizes.ts';

/** The unsent prompt with its options. It survives a reload in this tab. */
export type Draft = { readonly prompt: string; readonly size: ImageSize; readonly numImages: number };

const keyOf = (avatarId: string) => `likeness.draft.${avatarId}`;

export function draftOf({ id, trainingType }: Avatar): Draft {
  const fresh: Draft = { prompt: '', size: defaultSize(trainingType), numImages: 2 };
  try {
    const stored = JSON.parse(sessionStorage.getItem(keyOf(id)) ?? '{}') as Partial<Draft>;
    const isSize = SIZES.some(({ size }) => size === stored.size);
    return { ...fresh, ...stored, ...(isSize ? {} : { size: fresh.size }) };
  } catch {
    return fresh;
  }
}

export function keepDraft(avatarId: string, draft: Draft): void {
  sessionStorage.setItem(keyOf(avatarId), JSON.stringify(draft));
}
