import { setTimeout as pause } from 'node:timers/promises';

/** Between two looks; after a longer wait a twentieth of it, since every look takes CPU from what is waited for. */
const LOOK_EVERY_MS = 10;
const LATER_LOOKS = 1 / 20;
/** A guard against waiting for ever, not a measure: a busy machine stays well below it. */
export const PATIENCE_MS = 60_000;

type Found<T> = T | null | undefined | false;

/**
 * Looks until there is something to see. For facts that nobody announces; those that are announced are waited for with
 * a Watch.
 *
 * @param look null, undefined and false mean not yet; whatever it throws is thrown on
 * @throws after `withinMs`, naming `what`
 */
export async function eventually<T>(
  what: string,
  look: () => Found<T> | Promise<Found<T>>,
  withinMs = PATIENCE_MS,
): Promise<T> {
  const began = performance.now();
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    const waitedMs = performance.now() - began;
    if (waitedMs > withinMs) throw new Error(`Waited ${withinMs} ms in vain for ${what}`);
    await pause(Math.max(LOOK_EVERY_MS, waitedMs * LATER_LOOKS));
  }
}
