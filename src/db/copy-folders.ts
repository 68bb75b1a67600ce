import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { readdir, rm, truncate } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataDirInUseError, lockDataDir } from './data-dir-lock.ts';
import type { DatabaseLog } from './log.ts';
import { codeOf } from './system-error.ts';

/** What a copy's folder is called in the data folder … */
export const COPY_NAME = /^copy\.[0-9a-f]{8}$/;
/** … and while it is removed, so that nobody opens half a copy. */
const GONE_NAME = /^gone\.[0-9a-f]{8}$/;

export function newCopyName(): string {
  return `copy.${randomUUID().slice(0, 8)}`;
}

/** Removes a copy that nobody else has open; nothing where there is none. */
export async function discardCopy(copy: string): Promise<void> {
  const aside = setAside(copy);
  if (aside !== undefined) await rm(aside, { recursive: true, force: true });
}

/** Removes a copy unless somebody has it open. */
export async function removeCopy(copy: string, log: DatabaseLog): Promise<void> {
  const lock = await lockDataDir(copy, log).catch((error: unknown) => {
    if (error instanceof DataDirInUseError || isMissing(error)) return undefined;
    throw error;
  });
  if (lock === undefined) return;
  try {
    await discardCopy(copy);
  } finally {
    await lock.release();
  }
}

/**
 * Takes a copy away from whoever reads it: its name is gone at once, and its room too, also of files that are open.
 * What was read of it is worth nothing unless its folder was there afterwards.
 */
export async function withdrawCopy(copy: string, nameIsGone: () => void): Promise<void> {
  const aside = setAside(copy);
  nameIsGone();
  if (aside === undefined) return;
  const entries = await readdir(aside, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isFile()) await truncate(join(entry.parentPath, entry.name)).catch(ignoreMissing);
  }
  await rm(aside, { recursive: true, force: true });
}

/** Removes what processes left that were killed while there was a copy. For whoever holds the data folder. */
export async function removeLeftCopies(dataDir: string, log: DatabaseLog): Promise<void> {
  for (const name of await readdir(dataDir)) {
    if (COPY_NAME.test(name)) await removeCopy(join(dataDir, name), log);
    if (GONE_NAME.test(name)) await rm(join(dataDir, name), { recursive: true, force: true });
  }
}

/** Undefined where there is no such copy. */
function setAside(copy: string): string | undefined {
  const aside = join(dirname(copy), `gone.${randomUUID().slice(0, 8)}`);
  try {
    renameSync(copy, aside);
    return aside;
  } catch (error) {
    ignoreMissing(error);
    return undefined;
  }
}

function ignoreMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT';
}
