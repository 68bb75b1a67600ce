import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/open-database.ts';
import { eventually } from '../support/eventually.ts';
import { Prisma } from '../../src/generated/prisma/client.ts';
import { freshDatabase, testedDatabase } from '../support/database.ts';
import { avatarRow } from '../support/rows.ts';

let database: Database;
let drop: () => Promise<void>;

beforeAll(async () => {
  ({ database, drop } = await freshDatabase());
});
beforeEach(async () => {
  await database.prisma.avatar.deleteMany();
});
afterAll(async () => {
  await drop();
});

describe(`on ${testedDatabase}`, () => {
  test('a transaction that throws leaves nothing behind', async () => {
    const doomed = database.prisma.$transaction(async (tx) => {
      await tx.avatar.create({ data: avatarRow('a') });
      throw new Error('changed my mind');
    });

    await expect(doomed).rejects.toThrow('changed my mind');
    expect(await database.prisma.avatar.count()).toBe(0);
  });

  test('a transaction over its timeout is rolled back', async () => {
    const slow = database.prisma.$transaction(
      async (tx) => {
        await tx.avatar.create({ data: avatarRow('a') });
        // Never true: the query fails once the transaction has timed out.
        await eventually('its timeout', async () => (await tx.avatar.count()) === 0);
      },
      { timeout: 50 },
    );

    await expect(slow).rejects.toMatchObject({ code: 'P2028' });
    expect(await database.prisma.avatar.count()).toBe(0);
  });

  test('a failed COMMIT is an error', async () => {
    await database.pool.query(
      `CREATE TABLE needs_avatar (avatar_id text REFERENCES avatars (id) DEFERRABLE INITIALLY DEFERRED)`,
    );

    const orphan = database.prisma.$transaction(async (tx) => {
      await tx.avatar.create({ data: avatarRow('a') });
      await tx.$executeRaw`INSERT INTO needs_avatar VALUES ('nobody')`;
    });

    await expect(orphan).rejects.toThrow('ForeignKeyConstraintViolation');
    // An embedded database with other tables than before is not used again.
    await database.pool.query('DROP TABLE needs_avatar');
    expect(await database.prisma.avatar.count()).toBe(0);
  });

  test('a transaction that ignores a failed statement is an error: nothing of it is saved', async () => {
    const careless = database.prisma.$transaction(async (tx) => {
      await tx.avatar.create({ data: avatarRow('a') });
      await tx.$queryRaw`SELECT 1/0`.catch(() => undefined);
      return 'done';
    });

    await expect(careless).rejects.toThrow(/rolled back by its COMMIT/);
    expect(await database.prisma.avatar.count()).toBe(0);
  });

  test('a second row with the same unique value is refused as P2002, also inside a transaction', async () => {
    await database.prisma.avatar.create({ data: avatarRow('a') });
    const again = { data: avatarRow('a') };

    const alone = database.prisma.avatar.create(again);
    await expect(alone).rejects.toBeInstanceOf(Prisma.PrismaClientKnownRequestError);
    await expect(alone).rejects.toMatchObject({ code: 'P2002' });

    const inside = database.prisma.$transaction(async (tx) => tx.avatar.create(again));
    await expect(inside).rejects.toMatchObject({ code: 'P2002' });

    expect(await database.prisma.avatar.count()).toBe(1);
  });

  test('exactly one of 50 concurrent guarded updates succeeds', async () => {
    await database.prisma.avatar.create({ data: avatarRow('a') });

    const outcomes = await Promise.all(
      Array.from({ length: 50 }, () =>
        database.prisma.avatar.updateMany({
          where: { id: 'a', version: 1 },
          data: { version: { increment: 1 } },
        }),
      ),
    );

    expect(outcomes.filter(({ count }) => count === 1)).toHaveLength(1);
    expect(await database.prisma.avatar.findUnique({ where: { id: 'a' } })).toMatchObject({ version: 2 });
  });

  test('30 concurrent transactions succeed', async () => {
    await database.prisma.avatar.create({ data: avatarRow('a') });

    await Promise.all(
      Array.from({ length: 30 }, () =>
        database.prisma.$transaction(async (tx) => {
          await tx.$queryRaw`SELECT 1 FROM avatars WHERE id = 'a' FOR UPDATE`;
          await tx.avatar.update({ where: { id: 'a' }, data: { version: { increment: 1 } } });
        }),
      ),
    );

    expect(await database.prisma.avatar.findUnique({ where: { id: 'a' } })).toMatchObject({ version: 31 });
  });
});
