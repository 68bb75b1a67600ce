import { resolve } from 'node:path';
import { CommandError, EX_CONFIG, EX_USAGE, exitStatusOf, log, print } from '../../cli/command.ts';
import { readDataLocation } from '../../cli/settings.ts';
import { restore } from '../restore.ts';

/** `npm run restore -- file`: makes the embedded database of an empty or missing DATA_DIR from a backup. */
void exitStatusOf(async () => {
  const { dataDir, databaseUrl } = readDataLocation(process.env);
  const [file, ...more] = process.argv.slice(2);
  if (file === undefined || more.length > 0)
    throw new CommandError('usage: npm run restore -- file', EX_USAGE);
  if (databaseUrl !== null) {
    throw new CommandError(
      'DATABASE_URL is set, and a backup is restored into the embedded database: restore it without DATABASE_URL, ' +
        'then move it to PostgreSQL (npm run move-to-postgres)',
      EX_CONFIG,
    );
  }
  const { tables, madeAt } = await restore(resolve(file), dataDir, log);
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  print(`${dataDir}: ${rows} rows of ${tables.length} tables, as of ${madeAt}`);
}).then((status) => process.exit(status));
