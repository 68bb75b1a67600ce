import { createHash } from 'node:crypto';

/** Identifies the person that a model shows: equal likenesses draw the same person. */
export type Likeness = string;

export const SAMPLE_PERSON: Likeness = 'sample-person';

export function likenessOf(source: string | Uint8Array): Likeness {
  return createHash('sha256').update(source).digest('hex').slice(0, 16);
}

/** Comment in every drawn JPEG, so that training on drawn pictures finds the same person. */
export function likenessMark(likeness: Likeness): string {
  return `likeness=${likeness};`;
}

/** Null for a picture of another source. */
export function markedLikeness(image: Uint8Array): Likeness | null {
  const head = Buffer.from(image.buffer, image.byteOffset, Math.min(image.length, 4_096)).toString('latin1');
  return /likeness=([\w-]{1,64});/.exec(head)?.[1] ?? null;
}
