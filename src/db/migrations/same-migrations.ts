import { MigrationError } from './migrate.ts';
import type { Migration } from './migration-files.ts';

/**
 * Of this version's migrations those that made a database, so that another can be made like it, whatever came since.
 * Throws MigrationError when this version does not know all of them.
 *
 * @param whose for the message: what was made by them
 */
export function migrationsThatMade(
  whose: string,
  applied: readonly { readonly name: string; readonly checksum: string }[],
  known: readonly Migration[],
): Migration[] {
  if (applied.length === 0) throw new MigrationError(`${whose} has no tables`);
  const names = new Map(applied.map(({ name, checksum }) => [name, checksum]));
  const same = known.filter(({ name, checksum }) => names.get(name) === checksum);
  const foreign = [...names.keys()].filter((name) => !same.some((migration) => migration.name === name));
  if (foreign.length > 0) {
    throw new MigrationError(
      `${whose} comes from another version, with migrations this one does not have: ${foreign.join(', ')}. ` +
        `Use that version, or a newer one.`,
    );
  }
  return same;
}
