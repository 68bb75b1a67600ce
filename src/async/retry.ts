const rest = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Repeats work that fails, once after each pause. Rejects with the error of the last attempt. */
export async function retry<T>(
  work: () => Promise<T>,
  pausesMs: readonly number[],
  pause: (ms: number) => Promise<unknown> = rest,
): Promise<T> {
  for (const ms of pausesMs) {
    try {
      return await work();
    } catch {
      await pause(ms);
    }
  }
  return work();
}
