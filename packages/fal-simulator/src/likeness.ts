import { createHash } from 'node:crypto';

/** Identifies the person that a model shows, six hex digits: equal likenesses draw the same person. */
export type Likeness = string;

export const LIKENESS_BITS = 24;
export const SAMPLE_PERSON: Likeness = '00a12a';

/** Some person, always the same for the same source. */
export function likenessOf(source: string | Uint8Array): Likeness {
  return createHash('sha256')
    .update(source)
    .digest('hex')
    .slice(0, LIKENESS_BITS / 4);
}

/** A likeness as it is, or the person of any other text. */
export function asLikeness(text: string): Likeness {
  return /^[0-9a-f]{6}$/.test(text) ? text : likenessOf(text);
}
