import { MigrationError } from '../db/migrations/migrate.ts';
import { readMigrations, type Migration } from '../db/migrations/migration-files.ts';
import type { Contents } from './copy-rows.ts';

/**
 * The migrations of this version that a database has, without newer ones: another database gets the same tables.
 *
 * @param whose names the database in the message
 * @throws MigrationError when this version does not have all of them
 */
export async function migrationsThatMade(
  whose: string,
  { migrations: applied }: Pick<Contents, 'migrations'>,
): Promise<Migration[]> {
  if (applied.length === 0) throw new MigrationError(`${whose} has no tables`);
  const names = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  const same = (await readMigrations()).filter(({ name, checksum }) => names.get(name) === checksum);
  for (const { name } of same) names.delete(name);
  if (names.size > 0) {
    throw new MigrationError(
      `${whose} comes from another version, with migrations this one does not have: ${[...names.keys()].join(', ')}. ` +
        `Use that version, or a newer one.`,
    );
  }
  return same;
}
