import type { Migration } from './migration-files.ts';

/** A row of `_prisma_migrations` that was not rolled back. */
export type AppliedMigration = { name: string; checksum: string; finished: boolean };

type NextMigration =
  | { kind: 'apply'; migration: Migration }
  /** `unknown`: applied by a newer version of this program. */
  | { kind: 'up-to-date'; unknown: string[] }
  | { kind: 'refused'; message: string };

/**
 * The next step for a database with the migrations `applied` when this version has `migrations`, oldest first.
 *
 * A database that is ahead is accepted, so that an update can be taken back. Nothing is applied after migrations this
 * version does not know: that order was never tested.
 */
export function nextMigration(
  migrations: readonly Migration[],
  applied: readonly AppliedMigration[],
): NextMigration {
  const byName = new Map(migrations.map((migration) => [migration.name, migration]));

  for (const row of applied) {
    if (!row.finished) return refused(unfinished(row.name));
    const ours = byName.get(row.name);
    if (ours !== undefined && ours.checksum !== row.checksum) return refused(edited(row.name));
  }

  const appliedNames = new Set(applied.map((row) => row.name));
  const unknown = applied.filter((row) => !byName.has(row.name)).map((row) => row.name);
  const pending = migrations.find((migration) => !appliedNames.has(migration.name));
  if (pending === undefined) return { kind: 'up-to-date', unknown };
  if (unknown.length > 0) return refused(diverged(pending.name, unknown));
  return { kind: 'apply', migration: pending };
}

function refused(message: string): NextMigration {
  return { kind: 'refused', message };
}

function unfinished(name: string): string {
  return (
    `Migration ${name} was begun by \`prisma migrate deploy\` and did not finish. Check what it did, then either ` +
    `undo that and run \`prisma migrate resolve --rolled-back ${name}\`, or complete it by hand and run ` +
    `\`prisma migrate resolve --applied ${name}\`.`
  );
}

function edited(name: string): string {
  return (
    `Migration ${name} was changed after it had been applied to this database. Put prisma/migrations/${name}/` +
    `migration.sql back and make a new migration for the change: npm run migration:new <name>.`
  );
}

function diverged(pending: string, unknown: readonly string[]): string {
  return (
    `The database has migrations this version does not know (${unknown.join(', ')}), and this version has one the ` +
    `database lacks (${pending}). Start a version that contains all of them, or use another database.`
  );
}
