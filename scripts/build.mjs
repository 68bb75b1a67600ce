// Bundles our own code into dist/; packages stay where npm put them. A program starts several times faster from it than
// through a TypeScript loader.
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
    packages: 'external',
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
