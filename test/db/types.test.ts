import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/open-database.ts';
import { databasePlace, testedDatabase, type DatabasePlace } from '../support/database.ts';
import { avatarRow } from '../support/rows.ts';

let place: DatabasePlace;
let database: Database;

beforeAll(async () => {
  place = await databasePlace();
  database = await place.open();
});
afterAll(async () => {
  await place.drop();
});

describe(`on ${testedDatabase}`, () => {
  test('JSON is stored unchanged, through Prisma and SQL', async () => {
    const answer = {
      images: [{ url: 'https://example.com/ü?a=1&b="2"' }],
      nothing: null,
      n: 1.5,
      deep: [[{}], []],
    };
    await database.prisma.avatar.create({ data: { ...avatarRow('json'), falResponseData: answer } });

    const row = await database.prisma.avatar.findUniqueOrThrow({ where: { id: 'json' } });
    expect(row.falResponseData).toEqual(answer);
    const { rows } = await database.pool.query(
      `SELECT fal_response_data AS data FROM avatars WHERE id = 'json'`,
    );
    expect(rows).toEqual([{ data: answer }]);
  });

  test('the largest bigint is stored exactly', async () => {
    const seed = 2n ** 63n - 1n;
    await database.prisma.avatar.create({ data: avatarRow('big') });
    await database.prisma.generation.create({
      data: { id: 'g', ownerId: 'owner', avatarId: 'big', prompt: 'ADA', numImages: 1, seed },
    });

    expect(await database.prisma.generation.findUnique({ where: { id: 'g' } })).toMatchObject({ seed });
    const { rows } = await database.pool.query(`SELECT seed FROM generations WHERE id = 'g'`);
    expect(rows).toEqual([{ seed: seed.toString() }]);
  });

  test('a time is the same through Prisma and SQL, whatever the time zone of the server', async () => {
    await database.pool.query(
      `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET TimeZone = ''Asia/Kathmandu''', current_database()); END $$`,
    );
    await database.close();
    database = await place.open();
    const at = new Date('2026-03-01T23:59:59.999Z');
    await database.prisma.avatar.create({ data: { ...avatarRow('time'), trainingCompletedAt: at } });

    expect(await database.prisma.avatar.findUnique({ where: { id: 'time' } })).toMatchObject({
      trainingCompletedAt: at,
    });
    const { rows } = await database.pool.query(
      `SELECT training_completed_at AS at, training_completed_at = '2026-03-01T23:59:59.999Z' AS same
         FROM avatars WHERE id = 'time'`,
    );
    expect(rows).toEqual([{ at, same: true }]);
  });

  test('a text may contain quotes, semicolons and emoji', async () => {
    const name = `O'Brien; DROP TABLE "avatars" -- \\ 👩🏽‍🚀 $1`;
    await database.prisma.avatar.create({ data: { ...avatarRow('text'), name } });

    expect(await database.prisma.avatar.findUnique({ where: { id: 'text' } })).toMatchObject({ name });
  });
});
