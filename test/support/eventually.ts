import { setTimeout as pause } from 'node:timers/promises';

const LOOK_EVERY_MS = 10;
/** A guard against waiting for ever, not a measure: a busy machine stays well below it. */
export const PATIENCE_MS = 60_000;

/**
 * Looks until there is something to see. For facts that nobody announces; those that are announced are waited for with
 * a Watch.
 *
 * @param look null and undefined mean not yet; whatever it throws is thrown on
 * @throws after `withinMs`, naming `what`
 */
export async function eventually<T>(
  what: string,
  look: () => T | null | undefined | Promise<T | null | undefined>,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined) return found;
    if (performance.now() > giveUpAt) throw new Error(`Waited ${withinMs} ms in vain for ${what}`);
    await pause(LOOK_EVERY_MS);
  }
}
