import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { databaseFolder } from '../../embedded/database.ts';
import { moveToPostgres, type MovedTable } from '../move-to-postgres.ts';
import { CommandError, EX_CONFIG, EX_USAGE, exitStatusOf, log, readPlace, print } from './command.ts';

/** `npm run move-to-postgres`: all rows of the embedded database in DATA_DIR, copied to the PostgreSQL of DATABASE_URL. */
process.exit(
  await exitStatusOf(async () => {
    const { dataDir, databaseUrl } = readPlace(process.env);
    if (process.argv.length > 2) throw new CommandError('usage: npm run move-to-postgres', EX_USAGE);
    if (databaseUrl === null) {
      throw new CommandError('DATABASE_URL is not set: it says which PostgreSQL to move to', EX_CONFIG);
    }
    const folder = resolve(dataDir);
    if (!existsSync(databaseFolder(folder))) {
      throw new CommandError(`There is no embedded database in ${folder} (DATA_DIR)`, EX_CONFIG);
    }
    await moveToPostgres({ dataDir: folder, databaseUrl, log, compared: (tables) => print(listOf(tables)) });
    print(
      `Committed. ${folder} is as it was; keep DATA_DIR where the simulator stands in for fal: its files are there.`,
    );
  }),
);

function listOf(tables: readonly MovedTable[]): string {
  const width = Math.max(...tables.map(({ name }) => name.length), 'table'.length);
  const line = (name: string, rows: string, from: string, to: string): string =>
    `${name.padEnd(width)}  ${rows.padStart(9)}  ${from.padEnd(32)}  ${to}`;
  return [
    line('table', 'rows', 'checksum in the embedded database', 'in PostgreSQL'),
    ...tables.map(({ name, from, to }) => line(name, String(to.rows), from.checksum, to.checksum)),
  ].join('\n');
}
