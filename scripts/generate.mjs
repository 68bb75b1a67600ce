// Runs `prisma generate` when the schema, its configuration or a generator's version changed since the last run.
// Plain JavaScript: it runs first in every npm script, before anything can compile TypeScript.
//
// PRISMA_SCHEMA_ENGINE_BINARY names a file that exists, so Prisma downloads no engine; generating needs none.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PACKAGES = join(ROOT, 'node_modules');
const OUTPUT = join(ROOT, 'src', 'generated');
const STAMP = join(OUTPUT, 'stamp');
const LOCK = join(OUTPUT, 'generate.lock');
/** The name is `Path` on Windows. */
const SEARCH_PATH = Object.keys(process.env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH';
const PRODUCTS = ['prisma/client.ts', 'pothos.ts'];

/** Generating takes seconds; an older lock belongs to a killed run. */
const LOCK_STALE_MS = 120_000;
const LOCK_RETRY_MS = 100;

/**
 * Makes src/generated match prisma/schema.prisma. Several processes may call it at once: one generates, the others wait.
 * Throws with Prisma's output when the schema is wrong.
 *
 * @returns {Promise<boolean>} whether something was generated
 */
export async function ensureGenerated() {
  const wanted = await inputsDigest();
  if (await isUpToDate(wanted)) return false;

  await mkdir(OUTPUT, { recursive: true });
  const unlock = await lock();
  try {
    if (await isUpToDate(wanted)) return false;
    // Without a stamp the next run repeats a killed one.
    await rm(STAMP, { force: true });
    await runPrismaGenerate();
    await writeFile(`${STAMP}.new`, wanted);
    await rename(`${STAMP}.new`, STAMP);
    return true;
  } finally {
    await unlock();
  }
}

async function inputsDigest() {
  const hash = createHash('sha256');
  for (const file of ['prisma/schema.prisma', 'prisma.config.ts']) {
    hash.update(await readFile(join(ROOT, file)));
  }
  for (const name of ['prisma', '@prisma/client', '@pothos/plugin-prisma']) {
    const manifest = JSON.parse(await readFile(join(PACKAGES, name, 'package.json'), 'utf8'));
    hash.update(`\n${name}@${manifest.version}`);
  }
  return hash.digest('hex');
}

async function isUpToDate(wanted) {
  if (!PRODUCTS.every((file) => existsSync(join(OUTPUT, file)))) return false;
  return (await readFile(STAMP, 'utf8').catch(() => '')) === wanted;
}

/** An exclusively created file. Two runs that both find it stale may both generate, which is harmless. */
async function lock() {
  for (;;) {
    try {
      const file = await open(LOCK, 'wx');
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(LOCK, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (await isAbandoned()) await rm(LOCK, { force: true });
    else await pause(LOCK_RETRY_MS);
  }
}

async function isAbandoned() {
  try {
    if (Date.now() - (await stat(LOCK)).mtimeMs > LOCK_STALE_MS) return true;
    const pid = Number(await readFile(LOCK, 'utf8'));
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

async function runPrismaGenerate() {
  const cli = join(PACKAGES, 'prisma', 'build', 'index.js');
  const child = spawn(process.execPath, [cli, 'generate', '--no-hints'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      ...process.env,
      // Prisma starts the generators by their command name, which is in npm's search path only.
      [SEARCH_PATH]: `${join(PACKAGES, '.bin')}${delimiter}${process.env[SEARCH_PATH] ?? ''}`,
      // No network request for newer versions, no telemetry.
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    },
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`prisma generate failed:\n${output.trim()}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await ensureGenerated();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
