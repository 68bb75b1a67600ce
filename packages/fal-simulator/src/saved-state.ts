import * as z from 'zod';
import type { StateFolder } from './state-folder.ts';

export function readSavedKeys(folder: StateFolder): string[] {
  return z.array(z.string()).safeParse(folder.read('keys')).data ?? [];
}

/** The port of the last start, so that URLs handed out then go on working. */
export function readSavedPort(folder: StateFolder): number | null {
  return z.int().min(1).max(65_535).safeParse(folder.read('port')).data ?? null;
}
