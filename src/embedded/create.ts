import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { CREATING_NEEDS, requireSpace } from './free-space.ts';
import { warnOfMemory } from './memory-limit.ts';
import type { OperatorLog } from '../log/log.ts';
import { errorCodeOf } from '../db/error-code.ts';

/** Some seconds on an idle machine; several times that on a busy one. */
const CREATE_TIMEOUT_MS = 180_000;
/** What creating takes at its highest. */
const CREATE_MEMORY_MB = 900;

/**
 * Runs in the child: `node -e <this> <path of PGlite> <folder>`. A thread waits for the end of standard input, which
 * comes when the parent is gone, and ends the child: left alone it would write into what the next start makes.
 */
const CREATE = `
  const { Worker } = require('node:worker_threads');
  const [pglite, folder] = process.argv.slice(1);
  new Worker(\`
    const parent = new (require('node:net').Socket)({ fd: 0 });
    parent.on('error', () => undefined).on('close', () => process.kill(process.pid, 'SIGKILL')).resume();
  \`, { eval: true });
  require(pglite).PGlite.create(folder).then((db) => db.close()).then(
    () => process.exit(0),
    (error) => { console.error(String(error && error.message || error)); process.exit(1); },
  );
`;

/**
 * Makes `folder` with whatever is missing above it. Nobody else may read it: it is people's data.
 *
 * Node's own recursive mkdir never returns where a folder exists and nothing can be made in it, such as /proc.
 */
export async function makeFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  try {
    await makeMissing(path);
    await access(path, constants.W_OK);
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'EEXIST' || code === 'ENOTDIR') throw error;
    const problem = existsSync(path) ? 'written to' : 'made';
    throw new Error(`The data folder ${path} cannot be ${problem} (${code}); set DATA_DIR to one that can`, {
      cause: error,
    });
  }
  return path;
}

async function makeMissing(path: string): Promise<void> {
  const missing: string[] = [];
  for (let above = path; !existsSync(above); above = dirname(above)) missing.push(above);
  for (const folder of missing.reverse()) {
    await mkdir(folder, { mode: 0o700 }).catch((error: unknown) => {
      // Another process that starts on the same folder may have been faster.
      if (!existsSync(folder)) throw error;
    });
  }
  if (missing.length === 0) await mkdir(path, { recursive: true }); // says EEXIST where it is a file
}

/**
 * Keeps everybody else out of a database's folder, in which PGlite makes files that all may write; one made by an older
 * version, or copied, may be open to others.
 */
export async function closeToOthers(folder: string, log: OperatorLog): Promise<void> {
  if (process.platform === 'win32') return;
  const { mode } = await stat(folder);
  if ((mode & 0o077) === 0) return;
  await chmod(folder, 0o700).catch((err: unknown) => {
    log.warn(
      { err, folder },
      'Others may read or write the files of the embedded database, and that cannot be changed',
    );
  });
}

/**
 * Makes the database's files in `folder`, which must not be there yet. They are about a thousand and are written beside
 * the final name and renamed, so that a start that was killed half-way is begun again instead of opening half a database.
 *
 * It is done in a process of its own: it takes some 850 MB, which the server would never give back.
 *
 * @param fill what to put into the unfinished folder before it gets its name
 */
export async function createEmbedded(
  folder: string,
  log: OperatorLog,
  fill: (unfinished: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await requireSpace(dirname(folder), CREATING_NEEDS);
  log.info({ folder }, 'Creating the embedded database; this happens once and takes some seconds');
  warnOfMemory(CREATE_MEMORY_MB, 'creating the embedded database', log);
  try {
    await mkdir(unfinished, { mode: 0o700 }); // the files in it are made for everybody to write
    await runCreate(unfinished);
    await fill(unfinished);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
  await rename(unfinished, folder);
}

async function runCreate(unfinished: string): Promise<void> {
  const pglite = createRequire(import.meta.url).resolve('@electric-sql/pglite');
  try {
    await promisify(execFile)(process.execPath, ['-e', CREATE, pglite, unfinished], {
      timeout: CREATE_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
  } catch (error) {
    throw new Error(`The embedded database could not be created: ${whyNot(error)}`, { cause: error });
  }
}

/** A process that the system ends for want of memory says nothing itself. */
function whyNot(error: unknown): string {
  const { killed, signal, stderr } = error as { killed?: boolean; signal?: string | null; stderr?: string };
  if (killed === true) return `it took longer than ${CREATE_TIMEOUT_MS} ms`;
  if (signal === 'SIGKILL') {
    return `its process was killed, most likely for want of memory: creating it takes ${CREATE_MEMORY_MB} MB, once`;
  }
  const said = stderr?.trim() ?? '';
  if (/memory/i.test(said) || signal === 'SIGABRT' || signal === 'SIGTRAP') {
    return `too little memory: creating it takes ${CREATE_MEMORY_MB} MB, once. (${lastLine(said) || String(signal)})`;
  }
  return lastLine(said) || String(error);
}

function lastLine(text: string): string {
  return text.split('\n').findLast((line) => line.trim() !== '') ?? '';
}
