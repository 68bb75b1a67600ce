import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Migration = {
  /** Folder name, `<timestamp>_<name>`. Migrations are applied in the order of their names. */
  name: string;
  sql: string;
  /** SHA-256 of the file's bytes in hex, as Prisma stores it. */
  checksum: string;
};

/** All migrations of this version, oldest first. */
export async function readMigrations(): Promise<Migration[]> {
  const folder = migrationsFolder();
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const bytes = await readFile(join(folder, name, 'migration.sql'));
      return {
        name,
        sql: bytes.toString('utf8'),
        checksum: createHash('sha256').update(bytes).digest('hex'),
      };
    }),
  );
}

/**
 * `prisma/migrations` of this package, searched upwards because this code runs from src/db and from the bundle in dist.
 * Throws when the package was installed without it.
 */
export function migrationsFolder(from: string = import.meta.url): string {
  const start = dirname(fileURLToPath(from));
  for (let folder = start; ; folder = dirname(folder)) {
    const migrations = join(folder, 'prisma', 'migrations');
    if (existsSync(join(folder, 'package.json')) && existsSync(migrations)) return migrations;
    if (folder === dirname(folder)) {
      throw new Error(`No package.json next to prisma/migrations in ${start} or above`);
    }
  }
}
