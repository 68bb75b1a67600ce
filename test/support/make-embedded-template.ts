// node --import tsx test/support/make-embedded-template.ts <folder>
import { join } from 'node:path';
import { rmSync } from 'node:fs';
import { openDatabase } from '../../src/open-database.ts';
import { openEmbedded } from '../../src/embedded/database.ts';
import { copyFolder } from './embedded-template.ts';
import { silent } from './template.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('usage: make-embedded-template.ts <folder>');
const [created, migrated] = [join(folder, 'created'), join(folder, 'migrated')];
await (await openEmbedded(created, silent)).close();
// Two thirds of the files are those of template0 and template1, to which nobody connects.
for (const id of ['1', '4']) rmSync(join(created, 'postgres', 'base', id), { recursive: true });
copyFolder(created, migrated);
await (await openDatabase({ dataDir: migrated, log: silent })).close();
