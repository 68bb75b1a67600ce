// node --import tsx test/support/make-embedded-template.ts <folder>
import { openDatabase } from '../../src/open-database.ts';
import { silent } from './template.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('Which folder?');
const database = await openDatabase({ dataDir, log: silent });
await database.close();
