import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCodeOf } from '../values/error-code.ts';

/** Errors of file systems without hard links: memory cards, some network shares. */
const NO_LINKS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/**
 * Gives a finished file its final name in the same folder, at once and without replacing another file. The old name may
 * remain. Throws EEXIST when the name is taken.
 *
 * Without hard links an empty file reserves the name and is then replaced. A process killed between these two leaves the
 * empty file, which no restore accepts.
 */
export async function publishAtomically(unfinished: string, file: string): Promise<void> {
  try {
    await link(unfinished, file);
  } catch (error) {
    if (!NO_LINKS.has(errorCodeOf(error))) throw error;
    await (await open(file, 'wx')).close();
    await rename(unfinished, file).catch(async (failure: unknown) => {
      await rm(file, { force: true });
      throw failure;
    });
  }
  // The name survives a crash of the machine once its folder is on the disk. Not every system can sync a folder.
  const folder = await open(dirname(file)).catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}
