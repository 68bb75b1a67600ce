/** A source of chance that always falls the same way. */
export type Dice = {
  /** A whole number from `min` up to and including `max`. */
  readonly between: (min: number, max: number) => number;
  readonly chance: (probability: number) => boolean;
  readonly one: <const T>(list: readonly [T, ...T[]]) => T;
};

/**
 * The dice of an actor's nth decision. They depend on nothing else, so however the threads of a run interleave, the
 * same seed has every actor decide the same things in the same order.
 */
export function diceOf(seed: number, actor: string, n: number): Dice {
  let state = hash(`${seed}/${actor}/${n}`);
  // mulberry32
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return {
    between,
    chance: (probability) => next() < probability,
    one: (list) => list[between(0, list.length - 1)] ?? list[0],
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return value;
}
