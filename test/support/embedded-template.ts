import { execFile } from 'node:child_process';
import { constants, cpSync } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { scratchFolder, templateName } from './template.ts';
import { HOUR_MS } from '../../src/values/units.ts';

const MAKE = fileURLToPath(new URL('make-embedded-template.ts', import.meta.url));

/**
 * The folder with the two data folders that test databases are copies of: `created` has no tables, `migrated` has all.
 * Made in a process of its own, because creating a database takes about 800 MB that the process never gives back, and
 * renamed when it is complete, so that a killed run or two runs at once do no harm.
 */
export async function ensureEmbeddedTemplate(): Promise<string> {
  const template = join(scratchFolder, await embeddedTemplateName());
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

/** A data folder for one test, without tables when `empty`; the caller removes it. */
export async function copyEmbeddedTemplate({ empty = false, prefix = 'copy-' } = {}): Promise<string> {
  const template = join(await ensureEmbeddedTemplate(), empty ? 'created' : 'migrated');
  const copy = await mkdtemp(join(scratchFolder, prefix));
  copyFolder(template, copy);
  return copy;
}

/** Synchronous: the asynchronous copy of hundreds of files takes three times the CPU. */
export function copyFolder(from: string, to: string): void {
  cpSync(from, to, { recursive: true, mode: constants.COPYFILE_FICLONE });
}

/** Removes what killed runs left. An hour is longer than any run. */
export async function removeEmbeddedLeftovers(): Promise<void> {
  const current = await embeddedTemplateName();
  for (const name of await readdir(scratchFolder).catch(() => [])) {
    const path = join(scratchFolder, name);
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    if (name !== current && age > HOUR_MS) await rm(path, { recursive: true, force: true });
  }
}

async function embeddedTemplateName(): Promise<string> {
  return `one-database-${await templateName()}`;
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
