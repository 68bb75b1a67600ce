// Builds the Studio's page into dist/studio when its source changed since the last build, and compresses its files.
// The server sends them as they are: it needs neither Vite nor React.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUTPUT = join(ROOT, 'dist', 'studio');
const STAMP = 'stamp';
const SOURCES = ['packages/studio', 'packages/client/src'];
const PACKAGES = ['vite', 'react', 'react-dom', 'graphql-ws', '@fontsource-variable/archivo'];
const COMPRESSED = /\.(?:js|css|svg)$/;

/**
 * Makes dist/studio match its source. A running server keeps the files that it has read; two builds at once write the
 * same files. Vite runs in a process of its own: this one may become the server.
 *
 * @returns {Promise<boolean>} whether something was built
 */
export async function ensureStudio() {
  const wanted = await inputsDigest();
  if (await isUpToDate(wanted)) return false;
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], {
    // React has another build for development, and tests have an environment of their own.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  child.stderr.on('data', (chunk) => (printed += chunk));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`The build of the Studio failed:\n${printed.trim()}`);
  return true;
}

async function buildStudio() {
  const wanted = await inputsDigest();
  if (await isUpToDate(wanted)) return;
  const { build } = await import('vite');
  // Beside its place, so that a server never finds half a page.
  const unfinished = `${OUTPUT}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    await build({
      configFile: join(ROOT, 'packages/studio/vite.config.mjs'),
      build: { outDir: unfinished },
    });
    for (const name of await readdir(unfinished)) {
      if (COMPRESSED.test(name)) await compress(join(unfinished, name));
    }
    await writeFile(join(unfinished, STAMP), wanted);
    await rm(OUTPUT, { recursive: true, force: true });
    await rename(unfinished, OUTPUT).catch(ignoreOtherBuild);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

async function isUpToDate(wanted) {
  return (await readFile(join(OUTPUT, STAMP), 'utf8').catch(() => '')) === wanted;
}

async function inputsDigest() {
  const hash = createHash('sha256');
  hash.update(await readFile(fileURLToPath(import.meta.url)));
  for (const folder of SOURCES) {
    const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(file.slice(ROOT.length)).update(await readFile(file));
  }
  for (const name of PACKAGES) {
    const manifest = JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
    hash.update(`\n${name}@${manifest.version}`);
  }
  return hash.digest('hex');
}

async function compress(file) {
  const bytes = await readFile(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
}

/** Another build of the same source was faster. */
function ignoreOtherBuild(error) {
  if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.env.NODE_ENV = 'production';
  try {
    await buildStudio();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
