// Builds, then runs one of the built programs in this same process: its exit status is the command's. Where what building
// takes was pruned away, what was built before is run.
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
      `${built} is not there, and the packages that build it are not installed: run npm ci first`,
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
process.argv.splice(1, 2, `dist/${program}.js`); // it sees its own arguments, as if it had been started itself
process.setSourceMapsEnabled(true);
await import(`../dist/${program}.js`);

/**
 * npm passes a signal on to the shell it started, and the shell dies of it without telling us. So a process whose
 * parent is gone ends as if it had got the signal itself, rather than living on unseen with its port and its data.
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
