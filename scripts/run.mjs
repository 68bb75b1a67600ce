// Builds, then runs one of the built programs in this same process: its exit status is the command's.
import { buildPrograms, PROGRAMS } from './build.mjs';

const [program] = process.argv.slice(2);
const PARENT_CHECK_MS = 250;
if (!Object.hasOwn(PROGRAMS, program)) {
  console.error(`usage: node scripts/run.mjs ${Object.keys(PROGRAMS).join('|')}`);
  process.exit(64);
}
await buildPrograms([program]);
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
