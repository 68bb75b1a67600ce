// Builds, then runs one of the built programs in this same process: signals reach it without a shell or a parent in
// between, and its exit status is the command's.
import { buildAll } from './build.mjs';

const [program] = process.argv.slice(2);
const programs = { main: '../dist/main.js', fal: '../dist/fal.js', demo: '../dist/demo.js' };
if (!Object.hasOwn(programs, program)) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(programs).join('|')}`);
  process.exit(64);
}
await buildAll();
process.setSourceMapsEnabled(true);
await import(programs[program]);
