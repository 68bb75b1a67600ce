import { describe, expect, test } from 'vitest';
import type { Migration } from '../../../src/db/migrations/migration-files.ts';
import { nextMigration, type AppliedMigration } from '../../../src/db/migrations/next-migration.ts';

const [first, second]: [Migration, Migration] = [
  { name: '1_init', sql: 'one', checksum: 'aa' },
  { name: '2_more', sql: 'two', checksum: 'bb' },
];
const done = ({ name, checksum }: Migration): AppliedMigration => ({ name, checksum, finished: true });

describe('the next migration', () => {
  test('is the oldest one the database lacks', () => {
    expect(nextMigration([first, second], [])).toEqual({ kind: 'apply', migration: first });
    expect(nextMigration([first, second], [done(first)])).toEqual({ kind: 'apply', migration: second });
  });

  test('may be older than the newest applied one', () => {
    expect(nextMigration([first, second], [done(second)])).toEqual({ kind: 'apply', migration: first });
  });

  test('is none when all are applied', () => {
    const applied = [done(first), done(second)];
    expect(nextMigration([first, second], applied)).toEqual({ kind: 'up-to-date', unknown: [] });
  });

  test('is none when a newer version applied more, which are named', () => {
    const applied = [done(first), done(second)];
    expect(nextMigration([first], applied)).toEqual({ kind: 'up-to-date', unknown: ['2_more'] });
  });

  test('is refused after unknown migrations, naming both', () => {
    const applied = [done({ name: '0_theirs', sql: '', checksum: 'cc' }), done(first)];
    const next = nextMigration([first, second], applied);
    expect(next).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/0_theirs.*2_more/s) as string,
    });
  });

  test('is refused after an edited one, naming it and the repair', () => {
    const next = nextMigration([{ ...first, checksum: 'ab' }, second], [done(first)]);
    expect(next).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/1_init was changed.*npm run migration:new/s) as string,
    });
  });

  test('is refused after an unfinished one, naming it and the repair', () => {
    const next = nextMigration([first, second], [{ ...done(first), finished: false }]);
    expect(next).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/1_init .*did not finish.*prisma migrate resolve/s) as string,
    });
  });
});
