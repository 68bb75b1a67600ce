// node --import tsx test/faults/frozen.ts <data folder>: uses an embedded database under a watch that ends the process when its
// event loop stands still for a second: many short statements with a turn of the loop between, then a pause, then one that does not
// return for minutes.
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { openEmbedded } from '../../src/embedded/database.ts';
import { startWatchdog } from '../../src/embedded/watchdog.ts';
import { printLine } from '../support/print-line.ts';
import { silent } from '../support/template.ts';

/** Returns when that time is over. */
const wait = (seconds: number): string =>
  `DO $$ BEGIN WHILE clock_timestamp() < now() + interval '${seconds} s' LOOP END LOOP; END $$`;

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('Which folder?');
const { pool } = await openEmbedded(dataDir, silent);
startWatchdog(1000);
for (let n = 0; n < 5; n++) {
  await pool.query(wait(0.3));
  // Statements in a row are one stay in the loop.
  await turn();
}
await pause(1500);
printLine('alive');
await pool.query(wait(120));
printLine('returned');
