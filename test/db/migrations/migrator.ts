// node --import tsx test/db/migrations/migrator.ts: brings the PostgreSQL of DATABASE_URL up to date; prints a line for each migration
// it applies, at its beginning, and "done".
import { migrate } from '../../../src/db/migrations/migrate.ts';
import { readMigrations } from '../../../src/db/migrations/migration-files.ts';
import { withOwnClient } from '../../../src/db/postgres.ts';
import { printLine } from '../../support/print-line.ts';
import { silent } from '../../support/template.ts';

const slow = {
  name: '99990101000000_slow',
  // As long as the test holds this lock.
  sql: 'CREATE TABLE slow (n int); SELECT pg_advisory_xact_lock(1)',
  checksum: 's',
};
const last = { name: '99990102000000_last', sql: 'CREATE TABLE last (n int)', checksum: 'l' };
await withOwnClient(process.env['DATABASE_URL'] ?? '', async (client) => {
  await migrate(client, [...(await readMigrations()), slow, last], {
    ...silent,
    info: (fields) => printLine(`applying ${String(Object.values(fields)[0])}`),
  });
});
printLine('done');
