// node --import tsx test/db/frozen.ts <data folder>: sends statements to an embedded database that ends the process when one
// does not return for a second: one that may take longer and does, and one that does not return for minutes.
import { join } from 'node:path';
import { openEngine } from '../../src/db/embedded-engine.ts';
import { say } from '../support/say.ts';

/** Returns when that time is over. */
const wait = (seconds: number): string =>
  `DO $$ BEGIN WHILE clock_timestamp() < now() + interval '${seconds} s' LOOP END LOOP; END $$`;

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('Which folder?');
const engine = await openEngine(join(dataDir, 'postgres'), () => undefined);
engine.endWhenFrozen(1000);
await engine.patiently(() => engine.db.exec(wait(2.5)));
say('patient');
await engine.db.exec(wait(0.3));
say('frozen');
await engine.db.exec(wait(120));
say('returned');
