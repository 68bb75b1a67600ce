import { createHash } from 'node:crypto';
import { accessSync, constants, statfsSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { readMigrations } from '../../src/db/migrations/migration-files.ts';

/** An admin URL of a PostgreSQL server. With it the tests run there; without, on the embedded database. */
export const adminUrl = process.env['TEST_DATABASE_URL'];

/** A file system in memory: a database is copied with a quarter of the CPU there, and waits for no disk. */
const MEMORY = '/dev/shm';
/** Several times what all test databases of a run take at once. Docker's default is far less. */
const MEMORY_NEEDS = 2 ** 30;

/** Everything the tests write for the embedded database, templates and copies. One folder per user, so it is ours. */
export const scratchFolder = join(
  hasRoom(MEMORY) ? MEMORY : tmpdir(),
  `likeness-test-${userInfo().username}`,
);

export const TEMPLATE_PREFIX = 'likeness_template_';

/** The name of what every fresh database is copied from: another set of migrations has another name. */
export async function templateName(): Promise<string> {
  const hash = createHash('sha256');
  for (const { name, checksum } of await readMigrations()) hash.update(`${name} ${checksum}\n`);
  return `${TEMPLATE_PREFIX}${hash.digest('hex').slice(0, 12)}`;
}

export const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

function hasRoom(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize >= MEMORY_NEEDS;
  } catch {
    return false;
  }
}
