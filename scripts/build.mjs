// Bundles our own code into dist/. Packages stay in node_modules, except the simulator's, which a production install does
// not have. A bundle starts several times faster than a TypeScript loader.
import { build, stop } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { ensureGenerated } from './generate.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Programs and their entry points. */
export const PROGRAMS = {
  main: 'src/main.ts',
  fal: 'packages/fal-simulator/src/main.ts',
  demo: 'demo/main.ts',
  backup: 'src/backup/commands/backup.ts',
  restore: 'src/backup/commands/restore.ts',
  'move-to-postgres': 'src/backup/commands/move-to-postgres.ts',
};

/** The simulator and its packages: bundled, so that only the build needs them. */
const BUNDLED = new Set(['@likeness/fal-simulator', 'fflate', 'jpeg-js', 'pngjs']);

/** @type {import('esbuild').Plugin} */
const packagesOutside = {
  name: 'packages-outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => {
      if (kind === 'entry-point' || BUNDLED.has(path)) return undefined;
      return { path, external: true };
    });
  },
};

/**
 * Builds dist/<name>.js for each program. Rejects after printing the errors when the code does not build.
 *
 * @param {readonly (keyof typeof PROGRAMS)[]} names
 */
export async function buildPrograms(names) {
  await ensureGenerated();
  await build({
    absWorkingDir: root,
    entryPoints: names.map((name) => ({ in: PROGRAMS[name], out: name })),
    outdir: 'dist',
    bundle: true,
    plugins: [packagesOutside],
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    // The bundled packages are CommonJS and require Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    logLevel: 'warning',
  });
  // esbuild's service process would live as long as this one, which may become the server.
  await stop();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildPrograms(['main', 'fal', 'backup', 'restore', 'move-to-postgres']);
}
