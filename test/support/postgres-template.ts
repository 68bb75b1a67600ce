import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { openDatabase } from '../../src/open-database.ts';
import { silent, TEMPLATE_PREFIX, templateName } from './template.ts';
import { HOUR_MS } from '../../src/values/units.ts';

/** `likeness_test_<when made, ms in base 36>_<random>`: the time lets a later run find what was left behind. */
const PREFIX = 'likeness_test_';

/** The migrated database every test database is created from; made under another name, so it is there whole or not. */
export async function ensurePostgresTemplate(adminUrl: string): Promise<string> {
  const template = await templateName();
  if (await databaseExists(adminUrl, template)) return template;
  const unfinished = newName();
  await asAdmin(adminUrl, (admin) => admin.query(`CREATE DATABASE ${unfinished}`));
  const database = await openDatabase({
    databaseUrl: urlOf(adminUrl, unfinished),
    dataDir: 'memory://',
    log: silent,
  });
  await database.close();
  await asAdmin(adminUrl, (admin) => admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`)).catch(
    async (error: unknown) => {
      await dropPostgresDatabase(adminUrl, unfinished);
      if (!(await databaseExists(adminUrl, template))) throw error;
    },
  );
  return template;
}

/** A database of one's own; the caller drops it. From the template unless `empty`. */
export async function createPostgresDatabase(
  adminUrl: string,
  empty = false,
): Promise<{ name: string; url: string }> {
  const source = empty ? 'template1' : await ensurePostgresTemplate(adminUrl);
  const name = newName();
  await asAdmin(adminUrl, (admin) => admin.query(`CREATE DATABASE ${name} TEMPLATE ${source}`));
  return { name, url: urlOf(adminUrl, name) };
}

export async function dropPostgresDatabase(adminUrl: string, name: string): Promise<void> {
  await asAdmin(adminUrl, (admin) => admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
}

/** What killed runs left (an hour is longer than any run), and the templates of other migrations. */
export async function removePostgresLeftovers(adminUrl: string): Promise<void> {
  const current = await templateName();
  const { rows } = await asAdmin(adminUrl, (admin) =>
    admin.query<{ datname: string }>(`SELECT datname FROM pg_database WHERE datname LIKE 'likeness\\_%'`),
  );
  for (const { datname } of rows) {
    const madeAt = parseInt(datname.slice(PREFIX.length), 36);
    const left = datname.startsWith(PREFIX)
      ? Date.now() - madeAt > HOUR_MS
      : datname.startsWith(TEMPLATE_PREFIX) && datname !== current;
    // Another run may be clearing away the same one at this moment.
    if (left) await dropPostgresDatabase(adminUrl, datname).catch(() => undefined);
  }
}

function newName(): string {
  return `${PREFIX}${Date.now().toString(36)}_${randomBytes(6).toString('hex')}`;
}

async function databaseExists(adminUrl: string, name: string): Promise<boolean> {
  const { rows } = await asAdmin(adminUrl, (admin) =>
    admin.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]),
  );
  return rows.length > 0;
}

function urlOf(adminUrl: string, database: string): string {
  const url = new URL(adminUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function asAdmin<T>(adminUrl: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}
