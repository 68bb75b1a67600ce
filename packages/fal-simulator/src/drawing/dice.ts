import { createHash } from 'node:crypto';

/** A stream of numbers in [0, 1) that is the same for the same words. */
export type Dice = {
  next: () => number;
  between: (low: number, high: number) => number;
  pick: <T>(from: readonly T[]) => T;
};

export function diceOf(...words: (string | number)[]): Dice {
  let state = createHash('sha256').update(words.join('\n')).digest().readUInt32LE();
  // mulberry32: small, quick, and good enough for images.
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    pick(from) {
      const picked = from[Math.floor(next() * from.length)];
      if (picked === undefined) throw new Error('Nothing to pick from');
      return picked;
    },
  };
}
