export type RecentLimits = { most: number; mostBytes: number };
export type Recent<T> = ReturnType<typeof createRecent<T>>;

/** The newest things, as many as fit into both limits; the newest one always. What runs for weeks must not fill memory. */
export function createRecent<T>({ most, mostBytes }: RecentLimits) {
  const things: T[] = [];
  const sizes: number[] = [];
  let bytes = 0;
  return {
    /** Grows and shrinks with what is added. */
    all: things as readonly T[],
    add(thing: T, size: number): void {
      things.push(thing);
      sizes.push(size);
      bytes += size;
      while (things.length > 1 && (things.length > most || bytes > mostBytes)) {
        things.shift();
        bytes -= sizes.shift() ?? 0;
      }
    },
  };
}
