// npm run migration:new <name>   writes prisma/migrations/<timestamp>_<name>/migration.sql for the changes of
//                                 schema.prisma since the last migration
// npm run migration:check         fails when the migrations and schema.prisma disagree
//
// Both run on an in-memory database with Prisma's own engine, so neither needs a server or a download.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { IN_MEMORY, openEmbedded } from '../src/embedded/database.ts';
import { migrate } from '../src/db/migrations/migrate.ts';
import { readMigrations } from '../src/db/migrations/migration-files.ts';
import { openSchemaEngine } from './schema-engine.ts';

const FOLDER = fileURLToPath(new URL('../prisma/migrations', import.meta.url));
const REPAIR = 'npm run migration:new <what_changed>';
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

const [command, ...words] = process.argv.slice(2);
switch (command) {
  case 'new':
    process.exitCode = await writeMigration(words.join('_'));
    break;
  case 'check':
    process.exitCode = await checkMigrations();
    break;
  default:
    console.error('Usage: npm run migration:new <what_changed> | npm run migration:check');
    process.exitCode = 2;
}

async function writeMigration(label: string): Promise<number> {
  if (!/^\w+$/.test(label)) {
    console.error('usage: npm run migration:new <name>, for example add_avatar_notes');
    return 2;
  }
  const sql = await missingSql();
  if (sql === undefined) {
    console.log('schema.prisma and the migrations agree already; nothing was written.');
    return 0;
  }
  const timestamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = join(FOLDER, `${timestamp}_${label}`);
  await mkdir(folder);
  await writeFile(join(folder, 'migration.sql'), sql);
  console.log(
    `Wrote ${join(folder, 'migration.sql')}. Review it: the engine does not know the meaning of your rows.`,
  );
  return 0;
}

async function checkMigrations(): Promise<number> {
  const sql = await missingSql();
  if (sql === undefined) return 0;
  console.error(`schema.prisma and prisma/migrations differ. Missing:\n\n${sql}\nRepair: ${REPAIR}`);
  return 1;
}

/** Applies every migration to an empty database and asks the engine what is still missing. */
async function missingSql(): Promise<string | undefined> {
  const { pool, close } = await openEmbedded(IN_MEMORY, silent);
  try {
    const client = await pool.connect();
    try {
      await migrate(client, await readMigrations(), silent);
    } finally {
      client.release(true);
    }
    return await (await openSchemaEngine(pool)).pendingSql();
  } finally {
    await close();
  }
}
