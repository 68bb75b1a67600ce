import { afterAll, expect, test } from 'vitest';
import { avatarRow } from '../support/rows.ts';
import { freshDatabase } from '../support/database.ts';
import { isOutage } from '../../src/db/outage.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma, pool } = database;

await pool.query(`
  CREATE FUNCTION refuse_row() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = NEW.name; END $$;
  CREATE TRIGGER refused BEFORE INSERT ON avatars FOR EACH ROW EXECUTE FUNCTION refuse_row();`);

const errorOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => error,
  );

/** A statement that fails with a SQLSTATE, by each way that this server sends statements. */
const WAYS: readonly (readonly [way: string, fail: (sqlState: string) => Promise<unknown>])[] = [
  ['the pool', (sqlState) => pool.query(raising(sqlState))],
  ['raw SQL of Prisma', (sqlState) => prisma.$executeRawUnsafe(raising(sqlState))],
  ['a call of Prisma', (sqlState) => prisma.avatar.create({ data: { ...avatarRow('a'), name: sqlState } })],
  [
    'a transaction of Prisma',
    (sqlState) =>
      prisma.$transaction((tx) => tx.avatar.create({ data: { ...avatarRow('a'), name: sqlState } })),
  ],
];

function raising(sqlState: string): string {
  return `DO $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '${sqlState}'; END $$`;
}

test.each(WAYS)('the same call may succeed after a deadlock or a lost race, by %s', async (_way, fail) => {
  expect(isOutage(await errorOf(fail('40P01')))).toBe(true);
  expect(isOutage(await errorOf(fail('40001')))).toBe(true);
});

test.each(WAYS)('a statement that is wrong is no outage, by %s', async (_way, fail) => {
  const error = await errorOf(fail('42703'));
  expect(error).toBeInstanceOf(Error);
  expect(isOutage(error)).toBe(false);
});
