// node --import tsx test/faults/slow-migrator.ts: opens the database its environment names and begins a migration that takes
// ten seconds (PostgreSQL finishes a statement whose client is gone); prints "applying" first. The test kills it.
import { migrate } from '../../src/db/migrations/migrate.ts';
import { readMigrations } from '../../src/db/migrations/migration-files.ts';
import { openDatabase } from '../../src/open-database.ts';
import { optionsOf } from '../support/database.ts';
import { printLine } from '../support/print-line.ts';
import { silent } from '../support/template.ts';

const database = await openDatabase(optionsOf(process.env));
const client = await database.pool.connect();
const sql = 'CREATE TABLE extra (n int); INSERT INTO extra VALUES (1); SELECT pg_sleep(10)';
const slow = { name: '99990101000000_extra', sql, checksum: 'never written' };
await migrate(client, [...(await readMigrations()), slow], { ...silent, info: () => printLine('applying') });
printLine('applied');
