/** The middle of some figures and how far they scatter. */
export type Spread = { readonly median: number; readonly min: number; readonly max: number };

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    min: at(0),
    max: at(sorted.length - 1),
  };
}

/** One figure of one contender: `ratio` to the limit of the same round, and the figure itself. */
export type Row = {
  readonly metric: string;
  readonly contender: string;
  readonly ratio: Spread;
  readonly value: Spread;
  readonly unit: string;
};
