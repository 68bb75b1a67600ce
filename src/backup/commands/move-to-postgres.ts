import { moveToPostgres } from '../move-to-postgres.ts';
import type { ComparedTable } from '../copy-rows.ts';
import { CommandError, EX_CONFIG, EX_USAGE, exitStatusOf, log, print, report } from '../../cli/command.ts';
import { readDataLocation, requireEmbedded } from '../../cli/settings.ts';

/** `npm run move-to-postgres`: copies all rows of the embedded database in DATA_DIR to the PostgreSQL of DATABASE_URL. */
void exitStatusOf(async () => {
  const { dataDir, databaseUrl } = readDataLocation(process.env);
  if (process.argv.length > 2) throw new CommandError('usage: npm run move-to-postgres', EX_USAGE);
  if (databaseUrl === null) {
    throw new CommandError('DATABASE_URL is not set: set it to the target PostgreSQL', EX_CONFIG);
  }
  requireEmbedded(dataDir);
  await moveToPostgres({ dataDir, databaseUrl, log, compared: (tables) => print(listOf(tables)) });
  report(
    `Committed. ${dataDir} is unchanged; keep DATA_DIR while the simulator replaces fal: its files are there.`,
  );
}).then((status) => process.exit(status));

function listOf(tables: readonly ComparedTable[]): string {
  const width = Math.max(...tables.map(({ name }) => name.length), 'table'.length);
  const line = (name: string, rows: string, from: string, to: string): string =>
    `${name.padEnd(width)}  ${rows.padStart(9)}  ${from.padEnd(32)}  ${to}`;
  return [
    line('table', 'rows', 'checksum in the embedded database', 'in PostgreSQL'),
    ...tables.map(({ name, from, to }) => line(name, String(to.rows), from.checksum, to.checksum)),
  ].join('\n');
}
