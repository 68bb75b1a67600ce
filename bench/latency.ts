import { setTimeout as pause } from 'node:timers/promises';

/** How long each request took, in milliseconds, from the moment it was due. */
export type Latencies = { readonly ms: number[]; failed: number };

/**
 * Sends requests at a fixed rate, whether or not earlier ones were answered: a server that stands still for a second
 * has then kept everybody waiting who came in that second, and not one.
 *
 * @param send resolves with whether it went well
 */
export async function measure(
  into: Latencies,
  options: { readonly send: () => Promise<boolean>; readonly perSecond: number; readonly seconds: number },
): Promise<void> {
  const { send, perSecond, seconds } = options;
  const began = performance.now();
  const sendings = [];
  for (let index = 0; index < perSecond * seconds; index += 1) {
    const due = began + (index * 1000) / perSecond;
    await pause(Math.max(0, due - performance.now()));
    sendings.push(
      send().then(
        (isGood) => {
          into.ms.push(performance.now() - due);
          if (!isGood) into.failed += 1;
        },
        (error: unknown) => {
          into.failed += 1;
          process.stdout.write(`${String(error)}\n`);
        },
      ),
    );
  }
  await Promise.all(sendings);
}

/** The value that this share of all are not above. */
export function quantile(ms: readonly number[], share: number): number {
  const sorted = ms.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
