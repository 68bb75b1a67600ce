// Bundles each program with its packages into dist/, which then needs nothing but Node. One file starts several times
// faster than hundreds, and V8's cache of the server's compiled code halves the rest of a start.
import { build, stop } from 'esbuild';
import { basename, dirname, join, relative } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { cacheServer } from './cache-server.mjs';
import { ensureGenerated } from './generate.mjs';
import { ensureStudio } from './studio.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const require = createRequire(import.meta.url);

/** Programs and their entry points. */
export const PROGRAMS = {
  main: 'src/main.ts',
  fal: 'packages/fal-simulator/src/main.ts',
  demo: 'demo/main.ts',
  compare: 'demo/compare/main.ts',
  backup: 'src/backup/commands/backup.ts',
  restore: 'src/backup/commands/restore.ts',
  'move-to-postgres': 'src/backup/commands/move-to-postgres.ts',
  operator: 'src/operator/main.ts',
};

/** A part of the programs that few servers load. */
const ON_USE = { 's3-sdk': 'src/storage/s3-sdk.ts' };

/** Programs that serve the Studio. */
const WITH_STUDIO = ['main', 'demo', 'compare'];

/**
 * Packages outside the bundles, and their files that are copied to dist/node_modules: PGlite finds its files beside its
 * code, and few servers send GraphiQL.
 */
const COPIED = {
  '@electric-sql/pglite': [
    'package.json',
    'LICENSE',
    'dist/index.cjs',
    'dist/initdb.wasm',
    'dist/pglite.data',
    'dist/pglite.wasm',
  ],
  '@graphql-yoga/render-graphiql': ['package.json', 'LICENSE', 'cjs/package.json', 'cjs/index.js'],
};

/** Nine megabytes of texts, which are placed compressed. */
const GRAPHIQL = 'node_modules/@graphql-yoga/render-graphiql/cjs';

/**
 * Packages that no bundle has: the process that decodes photos and the simulator load sharp, which finds its decoders
 * beside it. They are for this machine's platform.
 */
const WHOLE = ['sharp', 'detect-libc', '@img/colour'];

/** Files of a whole package that nothing loads. */
const UNUSED = /\.(?:mjs|ts|mts|cts|md|h|c|cc|gyp)$|\/(?:src|install|include)\//;

/** @type {import('esbuild').Plugin} */
const packages = {
  name: 'packages',
  setup({ onLoad, onResolve }) {
    // One graphql, for packages that require it too: its classes are compared.
    onResolve({ filter: /^graphql\// }, ({ path }) => ({
      path: require.resolve(path).replace(/\.js$/, '.mjs'),
    }));
    onResolve({ filter: /^@/ }, ({ path }) => (path in COPIED ? { path, external: true } : undefined));
    onResolve({ filter: /\/s3-sdk\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path: './s3-sdk.js', external: true },
    );
    // PGlite's bridge to node-postgres is bundled, without the rest of PGlite.
    onResolve({ filter: /^\.\.\/chunk-/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path),
      sideEffects: false,
    }));
    // As text in a module, Prisma's query compiler would be in memory twice.
    onLoad({ filter: /\.wasm-base64\.mjs$/ }, async ({ path }) => {
      const { wasm } = await import(pathToFileURL(path).href);
      await place('query-compiler.wasm', Buffer.from(wasm, 'base64'));
      return {
        contents: `import { readFileSync } from 'node:fs';
          export const wasm = readFileSync(new URL('query-compiler.wasm', import.meta.url));`,
      };
    });
  },
};

/**
 * Builds dist/<name>.js for each program. Rejects after printing the errors when the code does not build.
 *
 * @param {readonly (keyof typeof PROGRAMS)[]} names
 * @param {{ isCached?: boolean }} [options] whether the server gets a cache of its compiled code
 */
export async function buildPrograms(names, { isCached = false } = {}) {
  await ensureGenerated();
  const studio = names.some((name) => WITH_STUDIO.includes(name)) ? ensureStudio() : null;
  studio?.catch(() => undefined);
  const { outputFiles, metafile } = await bundle({
    entryPoints: names.map((name) => ({ in: PROGRAMS[name], out: name })),
    // A cache must never belong to another bundle: V8 compares only the length of the code.
    entryNames: '[name]-[hash]',
  });
  const onUse = await bundle({
    entryPoints: Object.entries(ON_USE).map(([out, path]) => ({ in: path, out })),
  });
  await studio;
  // esbuild's service process would live as long as this one, which may become the server.
  await stop();

  for (const { path, contents } of [...outputFiles, ...onUse.outputFiles])
    await place(relative(dist, path), contents);
  for (const [name, files] of Object.entries(COPIED)) {
    const folder = join('node_modules', name);
    for (const file of files) await place(join(folder, file), await readFile(join(root, folder, file)));
  }
  await placeGraphiql();
  await copyWholePackages();
  await copyMigrations();
  await place('package.json', '{ "type": "commonjs" }\n');
  await place('run-bundle.js', await readFile(join(root, 'scripts', 'run-bundle.cjs')));
  for (const name of Object.keys(ON_USE))
    await place(`${name}.licenses.txt`, await licensesOf(`${name}.js`, onUse.metafile));
  for (const name of names) {
    const file = bundleOf(name, metafile);
    await removeOtherBundles(name, file);
    await place(`${name}.licenses.txt`, await licensesOf(file, metafile));
    if (isCached && name === 'main') await cacheServer(dist, file);
    await place(`${name}.js`, `require('./run-bundle.js').runBundle(require.resolve('./${file}'));\n`);
  }
}

/** @param {Pick<import('esbuild').BuildOptions, 'entryPoints' | 'entryNames'>} entries */
function bundle(entries) {
  return build({
    ...entries,
    absWorkingDir: root,
    outdir: 'dist',
    write: false,
    metafile: true,
    bundle: true,
    plugins: [packages],
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    // Of ES modules only the used parts are bundled.
    mainFields: ['module', 'main'],
    supported: { 'dynamic-import': false },
    banner: { js: "const bundleUrl = require('node:url').pathToFileURL(__filename).href;" },
    define: {
      'import.meta.url': 'bundleUrl',
      // pg asks whether this is Cloudflare, and the server adapter which Request it has. Both would load Node's fetch,
      // which takes half as long as a start of Node.
      navigator: '{ "userAgent": "Node.js" }',
      'globalThis.Request': 'null',
    },
    // It defines a property for each function that is created: a subscriber would take 7 KB more.
    keepNames: false,
    // Nothing else is minified: names of classes are names of types.
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
}

/** Writes a file of dist/ when it is not there yet. A running program or another build sees the old or the new one. */
async function place(file, contents) {
  const path = join(dist, file);
  const bytes = Buffer.from(contents);
  if ((await readFile(path).catch(() => null))?.equals(bytes)) return;
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, bytes);
  await rename(unfinished, path);
}

async function placeGraphiql() {
  const texts = JSON.stringify(require(join(root, GRAPHIQL, 'graphiql.js')));
  await place(join(GRAPHIQL, 'graphiql.json.gz'), gzipSync(texts));
  const code = `const { gunzipSync } = require('node:zlib');
const { readFileSync } = require('node:fs');
module.exports = JSON.parse(gunzipSync(readFileSync(require.resolve('./graphiql.json.gz'))));
`;
  await place(join(GRAPHIQL, 'graphiql.js'), code);
}

async function copyWholePackages() {
  const decoders = (await readdir(join(root, 'node_modules', '@img'))).map((name) => `@img/${name}`);
  for (const name of new Set([...WHOLE, ...decoders])) {
    const folder = join('node_modules', name);
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const file = relative(root, join(entry.parentPath, entry.name));
      if (!entry.isFile() || UNUSED.test(file)) continue;
      await place(file, await readFile(join(root, file)));
    }
  }
}

async function copyMigrations() {
  const [from, to] = ['prisma', 'dist/prisma'].map((folder) => join(root, folder, 'migrations'));
  const entries = await readdir(from, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  for (const name of await readdir(to).catch(() => [])) {
    if (!names.includes(name)) await rm(join(to, name), { recursive: true, force: true });
  }
  for (const name of names) {
    const file = join('prisma', 'migrations', name, 'migration.sql');
    await place(file, await readFile(join(root, file)));
  }
}

/** File name of a program's bundle. */
function bundleOf(name, { outputs }) {
  const [path] = Object.entries(outputs).find(([, { entryPoint }]) => entryPoint === PROGRAMS[name]) ?? [''];
  return basename(path);
}

async function removeOtherBundles(name, bundle) {
  for (const file of await readdir(dist)) {
    const isBundle = file.startsWith(`${name}-`) && /^[0-9A-Z]{8}\.js/.test(file.slice(name.length + 1));
    if (isBundle && !file.startsWith(bundle)) await rm(join(dist, file), { force: true });
  }
}

/** The licences of the packages in a bundle. */
async function licensesOf(bundle, { outputs }) {
  const files = Object.keys(outputs[`dist/${bundle}`].inputs);
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []);
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8'));
    const names = (await readdir(join(root, folder))).filter((file) => /^(licen[cs]e|notice)/i.test(file));
    const contents = await Promise.all(names.map((file) => readFile(join(root, folder, file), 'utf8')));
    return [`${name} ${version} (${license})`, ...contents].join('\n\n');
  });
  return (await Promise.all(texts)).join(`\n\n${'-'.repeat(80)}\n\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildPrograms(['main', 'fal', 'backup', 'restore', 'move-to-postgres', 'operator'], {
    isCached: true,
  });
}
