// Bundles our own code into dist/; packages stay where npm put them. The server starts several times faster from it
// than through a TypeScript loader.
import { build, stop } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { ensureGenerated } from './generate.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Makes dist/main.js and dist/fal.js out of src/. Rejects, with the faults printed, when the code does not build. */
export async function buildAll() {
  await ensureGenerated();
  await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', fal: 'src/simulator/main.ts', demo: 'demo/main.ts' },
    outdir: 'dist',
    bundle: true,
    splitting: true,
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

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
