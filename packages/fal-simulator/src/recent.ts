export type RecentLimits = { most: number; mostBytes: number };
/** The newest items within both limits, at least one. */
export function createRecent<T>({ most, mostBytes }: RecentLimits) {
  const items: T[] = [];
  const sizes: number[] = [];
  let bytes = 0;
  return {
    all: items as readonly T[],
    add(item: T, size: number): void {
      items.push(item);
      sizes.push(size);
      bytes += size;
      while (items.length > 1 && (items.length > most || bytes > mostBytes)) {
        items.shift();
        bytes -= sizes.shift() ?? 0;
      }
    },
  };
}
