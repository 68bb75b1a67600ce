import { createHash } from 'node:crypto';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { readMigrations } from '../../src/db/migrations/migration-files.ts';

/** An admin URL of a PostgreSQL server. With it the tests run there; without, on the embedded database. */
export const adminUrl = process.env['TEST_DATABASE_URL'];

/** Everything the tests write for the embedded database, templates and copies. One folder per user, so it is ours. */
export const scratchFolder = join(tmpdir(), `likeness-test-${userInfo().username}`);

export const TEMPLATE_PREFIX = 'likeness_template_';

/** The name of what every fresh database is copied from: another set of migrations has another name. */
export async function templateName(): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, checksum } of await readMigrations()) hash.update(`${name} ${checksum}\n`);
  return `${TEMPLATE_PREFIX}${hash.digest('hex').slice(0, 12)}`;
}

export const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
