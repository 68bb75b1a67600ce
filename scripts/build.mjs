// Bundles our own code into dist/; packages stay where npm put them, but for those of the simulator, which a production
// install does not have. A program starts several times faster from it than through a TypeScript loader.
import { build, stop } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { ensureGenerated } from './generate.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What can be run, and where its code begins. */
export const PROGRAMS = {
  main: 'src/main.ts',
  fal: 'packages/fal-simulator/src/main.ts',
  demo: 'demo/main.ts',
  backup: 'src/backup/commands/backup.ts',
  restore: 'src/backup/commands/restore.ts',
  'move-to-postgres': 'src/backup/commands/move-to-postgres.ts',
};

/** What the simulator is made of: it is bundled, so that only building takes these packages. */
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
 * Makes dist/<name>.js of each named program. Rejects, with the faults printed, when the code does not build.
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
  // Its service process would live as long as this one, which may go on to be the server.
  await stop();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildPrograms(['main', 'fal', 'backup', 'restore', 'move-to-postgres']);
}
