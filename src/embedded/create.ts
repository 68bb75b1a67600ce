import { execFile } from 'node:child_process';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { CREATING_NEEDS, requireSpace } from './free-space.ts';
import { LATE_TIERING } from './wasm-tiering.ts';
import { warnOfMemory } from './memory-limit.ts';
import type { OperatorLog } from '../log/log.ts';

/** It takes seconds on an idle machine, several times that on a busy one. */
const CREATE_TIMEOUT_MS = 180_000;
/** The peak while creating. */
const CREATE_MEMORY_MB = 900;

/**
 * Runs in the child: `node -e <this> <path of PGlite> <folder>`. A thread waits for the end of standard input, which
 * means that the parent is gone, and kills the child, which would otherwise write into the files of the next start.
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
 * Creates the database's files (about a thousand) in `folder`, which must not exist yet. They are written under another
 * name and renamed, so that the next start after a kill begins again instead of opening half a database.
 *
 * A process of its own does it: it takes 850 MB, which the server would never give back.
 *
 * @param fill fills the database before it gets its name
 */
export async function createEmbedded(
  folder: string,
  log: OperatorLog,
  fill: (unfinished: string) => Promise<void> = async () => undefined,
): Promise<void> {
  const unfinished = `${folder}.new`;
  await rm(unfinished, { recursive: true, force: true });
  await requireSpace(dirname(folder), CREATING_NEEDS);
  log.info({ folder }, 'creating the embedded database; this takes some seconds, once');
  warnOfMemory(CREATE_MEMORY_MB, 'creating the embedded database', log);
  try {
    await mkdir(unfinished, { mode: 0o700 }); // everybody may write the files in it
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
    await promisify(execFile)(process.execPath, [LATE_TIERING, '-e', CREATE, pglite, unfinished], {
      timeout: CREATE_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
  } catch (error) {
    throw new Error(`The embedded database could not be created: ${createFailure(error)}`, { cause: error });
  }
}

/** A process that the system kills for want of memory prints nothing. */
function createFailure(error: unknown): string {
  const { killed, signal, stderr } = error as { killed?: boolean; signal?: string | null; stderr?: string };
  if (killed === true) return `timed out after ${CREATE_TIMEOUT_MS} ms`;
  if (signal === 'SIGKILL') {
    return `its process was killed, probably because of too little memory: the creation takes ${CREATE_MEMORY_MB} MB, once`;
  }
  const said = stderr?.trim() ?? '';
  if (/memory/i.test(said) || signal === 'SIGABRT' || signal === 'SIGTRAP') {
    return `too little memory: the creation takes ${CREATE_MEMORY_MB} MB, once. (${lastLine(said) || String(signal)})`;
  }
  return lastLine(said) || String(error);
}

function lastLine(text: string): string {
  return text.split('\n').findLast((line) => line.trim() !== '') ?? '';
}
