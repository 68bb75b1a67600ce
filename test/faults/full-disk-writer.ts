// node --import tsx test/faults/full-disk-writer.ts <data folder>: writes row after row without looking at the free space,
// which a disk that fills up faster than it is looked at amounts to; prints the number of each row acknowledged. It fills
// the log of writes rather than a table: a table that cannot grow is an error like others.
import { openEmbedded } from '../../src/embedded/database.ts';
import { printLine } from '../support/print-line.ts';
import { silent } from '../support/template.ts';

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error('Which folder?');
const { pool } = await openEmbedded(dataDir, silent);
await pool.query('CREATE TABLE IF NOT EXISTS filling (n int PRIMARY KEY, text text)');
for (let n = 0; ; n++) {
  const logged = `pg_logical_emit_message(true, 'filling', (SELECT repeat(md5(random()::text), 8000)))`;
  try {
    await pool.query(`INSERT INTO filling SELECT ${n}, ${logged}`);
  } catch (error) {
    printLine(`failed ${error instanceof Error ? error.message : String(error)}`);
    continue;
  }
  printLine(String(n));
}
