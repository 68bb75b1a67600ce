// node --import tsx test/db/frozen.ts <data folder>: sends a statement that does not return for minutes to an embedded database that
// ends the process after a second.
import { join } from 'node:path';
import { openEngine } from '../../src/db/embedded-engine.ts';
import { say } from '../support/say.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('Which folder?');
const engine = await openEngine(join(dataDir, 'postgres'), () => undefined);
engine.endWhenFrozen(1000);
await engine.db.query('SELECT 1');
say('frozen');
await engine.db.query('SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b');
say('returned');
