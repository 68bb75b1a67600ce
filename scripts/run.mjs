// Builds a program and runs it in this process, so that its exit status is the command's. Without the build's packages
// (after npm prune) it runs the existing build.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [program] = process.argv.slice(2);
const PARENT_CHECK_MS = 250;
const builder = await import('./build.mjs').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  return null;
});
if (builder === null) {
  const built = fileURLToPath(new URL(`../dist/${program}.js`, import.meta.url));
  if (!existsSync(built)) {
    console.error(
      `${built} does not exist, and the packages that build it are not installed: run npm ci first`,
    );
    process.exit(1);
  }
} else {
  if (!Object.hasOwn(builder.PROGRAMS, program)) {
    console.error(`usage: node scripts/run.mjs ${Object.keys(builder.PROGRAMS).join('|')}`);
    process.exit(64);
  }
  await builder.buildPrograms([program]);
}
if (process.env.npm_lifecycle_event !== undefined) endWithParent();
process.argv.splice(1, 2, `dist/${program}.js`); // the program sees its own arguments only
process.setSourceMapsEnabled(true);
await import(`../dist/${program}.js`);

/**
 * npm sends a signal to its shell, which dies without passing it on. So this process sends itself SIGTERM when its parent
 * is gone, instead of running on with its port and its data.
 */
function endWithParent() {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(process.pid, 'SIGTERM');
  }, PARENT_CHECK_MS);
  timer.unref();
}
