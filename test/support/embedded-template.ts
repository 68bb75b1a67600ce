import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scratchFolder, templateName } from './template.ts';

const HOUR_MS = 3_600_000;
const MAKE = fileURLToPath(new URL('make-embedded-template.ts', import.meta.url));

/**
 * The migrated data folder every test database is a copy of. Made in a process of its own, because making a database
 * takes about 800 MB which a process does not give back, and under another name first, so that a half-made one or two
 * runs at once do no harm.
 */
export async function ensureEmbeddedTemplate(): Promise<string> {
  const template = join(scratchFolder, await templateName());
  if (await exists(template)) return template;
  await mkdir(scratchFolder, { recursive: true });
  const unfinished = await mkdtemp(`${template}-new-`);
  await promisify(execFile)(process.execPath, ['--import', 'tsx', MAKE, unfinished]);
  await rename(unfinished, template).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    if (!(await exists(template))) throw error;
  });
  return template;
}

/** A data folder of one's own with the tables in it; the caller removes it. */
export async function copyEmbeddedTemplate(): Promise<string> {
  const template = await ensureEmbeddedTemplate();
  const copy = await mkdtemp(join(scratchFolder, 'copy-'));
  // Where the file system can, the copy shares its blocks with the template until one of them is written.
  await cp(template, copy, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return copy;
}

/** What killed runs left. An hour is longer than any run. */
export async function removeEmbeddedLeftovers(): Promise<void> {
  const current = await templateName();
  for (const name of await readdir(scratchFolder).catch(() => [])) {
    const path = join(scratchFolder, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (name !== current && age > HOUR_MS) await rm(path, { recursive: true, force: true });
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
