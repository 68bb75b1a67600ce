import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf } from '../db/error-code.ts';

/** Answers of file systems that have no links: those of memory cards, some network shares. */
const NO_LINKS_HERE = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Gives a whole file its name, in the same folder; it may keep the other one too. Throws EEXIST where the name is taken:
 * linking fails then, and where there are no links the name is taken first, by an empty file of ours that the whole one then replaces at once. (Killed
 * between these two, it leaves the empty file, which is no backup and says so.)
 */
export async function publishAtomically(unfinished: string, file: string): Promise<void> {
  try {
    await link(unfinished, file);
  } catch (error) {
    if (!NO_LINKS_HERE.has(errorCodeOf(error))) throw error;
    await replaceOurOwn(unfinished, file);
  }
  await keepNames(dirname(file));
}

async function replaceOurOwn(unfinished: string, file: string): Promise<void> {
  await (await open(file, 'wx')).close();
  try {
    await rename(unfinished, file);
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** A name survives a crash of the machine once its folder is on the disk. Not every system can be asked for that. */
async function keepNames(folder: string): Promise<void> {
  const handle = await open(folder).catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}
