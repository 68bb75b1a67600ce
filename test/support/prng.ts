/** Throws that are the same for the same seed (mulberry32), so that a failing round can be repeated. */
export function dice(seed: number) {
  let state = seed >>> 0;
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    /** A whole number from 0 to `max`. */
    upTo: (max: number) => Math.floor(roll() * (max + 1)),
    pick: <T>(choices: readonly T[]): T => {
      const chosen = choices[Math.floor(roll() * choices.length)];
      if (chosen === undefined) throw new Error('nothing to pick from');
      return chosen;
    },
  };
}
