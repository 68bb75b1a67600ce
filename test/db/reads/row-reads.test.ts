import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AWKWARD, writeAwkwardRows } from '../../support/rows-of-every-table.ts';
import { avatarRow } from '../../support/rows.ts';
import { createRowReads } from '../../../src/db/reads/row-reads.ts';
import { freshDatabase } from '../../support/database.ts';
import { MAX_CONCURRENT } from '../../../src/db/reads/list-reads.ts';
import { Prisma } from '../../../src/generated/prisma/client.ts';
import type pg from 'pg';
import type { PageOfRows } from '../../../src/graphql/reads.ts';
import type { RowReads } from '../../../src/graphql/reads.ts';

const { database, drop } = await freshDatabase();
const { prisma, pool } = database;
let reads: RowReads;
beforeAll(async () => {
  await writeAwkwardRows(database);
  reads = createRowReads(pool);
});
afterAll(drop);

/** With times as the API sends them. */
function sent(row: object | null): unknown {
  const entries = Object.entries(row ?? {}).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ]);
  return Object.fromEntries(entries);
}

describe('rows', () => {
  test('have the values that Prisma reads, in every column', async () => {
    for (const [n] of AWKWARD.entries()) {
      const [avatar, generation] = [`avatar-${n}`, `generation-${n}`];
      expect(await reads.avatar('owner', avatar, Object.values(Prisma.AvatarScalarFieldEnum))).toEqual(
        sent(await prisma.avatar.findUnique({ where: { id: avatar } })),
      );
      expect(
        await reads.generation('owner', generation, Object.values(Prisma.GenerationScalarFieldEnum)),
      ).toEqual(sent(await prisma.generation.findUnique({ where: { id: generation } })));
    }
  });

  test.each([
    '2026-11-26T10:20:30.000Z',
    '2026-11-26T10:20:30.400Z',
    '1969-12-31T23:59:59.999Z',
    '0099-01-01T00:00:00.010Z',
    '9999-12-31T23:59:59.120Z',
  ])('have the time %s', async (time) => {
    await prisma.avatar.update({ where: { id: 'avatar-2' }, data: { trainingStartedAt: new Date(time) } });
    expect(await reads.avatar('owner', 'avatar-2', ['trainingStartedAt'])).toMatchObject({
      trainingStartedAt: time,
    });
  });

  test('have the requested columns, with the id and the owner', async () => {
    expect(await reads.avatar('owner', 'avatar-1', ['name', 'trainingStartedAt'])).toEqual({
      id: 'avatar-1',
      ownerId: 'owner',
      name: AWKWARD[1],
      trainingStartedAt: null,
    });
  });

  test('of generations have the input of their job, and null without one', async () => {
    const job = await prisma.job.findUniqueOrThrow({ where: { id: 'job-1' } });
    expect(await reads.generation('owner', 'generation-1', ['input'])).toEqual({
      id: 'generation-1',
      ownerId: 'owner',
      input: job.input,
    });
    expect(await reads.generation('owner', 'generation-0', ['input'])).toMatchObject({ input: null });
    expect(await reads.generation('bob', 'generation-1', ['input'])).toBeNull();
  });

  test('of another owner do not leave the database', async () => {
    const left: unknown[] = [];
    const query = async (statement: pg.QueryConfig) => {
      const result = await pool.query(statement);
      left.push(...(result.rows as unknown[]));
      return result;
    };
    const watched = createRowReads({ query } as Pick<pg.Pool, 'query'>);
    expect(await watched.avatar('bob', 'avatar-1', ['name'])).toBeNull();
    expect(left).toEqual([]);
  });

  test('of another owner, or that do not exist, are null', async () => {
    await prisma.avatar.create({ data: { ...avatarRow('foreign'), ownerId: 'bob' } });
    const asked = [
      reads.avatar('owner', 'foreign', ['name']),
      reads.avatar('bob', 'foreign', ['name']),
      reads.avatar('bob', 'avatar-1', ['name']),
      reads.avatar('owner', 'nothing', ['name']),
    ];
    expect((await Promise.all(asked)).map((row) => row?.ownerId ?? null)).toEqual([null, 'bob', null, null]);
  });
});

describe('lists', () => {
  const ids = Array.from({ length: 7 }, (_, n) => `list-${n}`);
  const whole: PageOfRows = { limit: 100, after: null, before: null, fromEnd: false };
  const idsOf = async (list: Promise<readonly { readonly id: string }[]>) => (await list).map(({ id }) => id);
  beforeAll(async () => {
    await prisma.avatar.createMany({ data: ids.map((id) => ({ ...avatarRow(id), ownerId: 'lister' })) });
    await prisma.generation.createMany({
      data: ids.map((id) => ({
        id: `of-${id}`,
        ownerId: 'lister',
        avatarId: id === 'list-0' ? 'list-0' : 'list-1',
        prompt: id,
        numImages: 1,
      })),
    });
  });

  test.each<[string, PageOfRows, number[]]>([
    ['whole', whole, [6, 5, 4, 3, 2, 1, 0]],
    ['to a limit', { ...whole, limit: 3 }, [6, 5, 4]],
    ['of no length', { ...whole, limit: 0 }, []],
    ['after a row', { ...whole, limit: 2, after: 'list-4' }, [3, 2]],
    ['before a row, from the end', { ...whole, limit: 2, before: 'list-4', fromEnd: true }, [6, 5]],
    ['from the end', { ...whole, limit: 2, fromEnd: true }, [1, 0]],
  ])('%s are as Prisma reads them, the newest first', async (_what, page, expected) => {
    expect(await idsOf(reads.avatarsOf('lister', page, ['name']))).toEqual(expected.map((n) => ids[n]));
  });

  test('that are read together stay with their parents, whatever their pages and columns', async () => {
    const [all, one, none, short, images, image] = await Promise.all([
      reads.avatarsOf('lister', whole, ['name']),
      reads.avatarsOf('lister', { ...whole, limit: 1 }, ['version']),
      reads.avatarsOf('nobody', whole, ['name']),
      reads.avatarsOf('lister', { ...whole, after: 'list-1' }, ['status']),
      reads.generationsOf('list-1', whole, ['prompt']),
      reads.generationsOf('list-0', whole, ['prompt']),
    ]);
    expect(all.map(({ name }) => name)).toHaveLength(7);
    expect(one).toMatchObject([{ id: 'list-6', version: 1 }]);
    expect(none).toEqual([]);
    expect(short).toMatchObject([{ id: 'list-0', status: 'DRAFT' }]);
    expect(images.map(({ prompt }) => prompt)).toEqual(ids.slice(1).toReversed());
    expect(image.map(({ prompt }) => prompt)).toEqual(['list-0']);
  });

  test('are read by a few statements however many are asked for at once', async () => {
    const sent: string[] = [];
    let [running, most] = [0, 0];
    const counting = createRowReads({
      query: (query: { text: string }) => {
        sent.push(query.text);
        most = Math.max(most, (running += 1));
        return pool.query(query).finally(() => (running -= 1));
      },
    } as never);
    const lists = await Promise.all(
      Array.from({ length: 400 }, () =>
        counting.generationsOf('list-1', { ...whole, limit: 5 }, ['prompt', 'input']),
      ),
    );
    expect(lists.every((list) => list.length === 5)).toBe(true);
    expect(sent).toHaveLength(1);

    sent.length = 0;
    // 2,000 rows a statement at most, if every list is full.
    await Promise.all(Array.from({ length: 100 }, () => counting.generationsOf('list-1', whole, ['prompt'])));
    expect(sent).toHaveLength(5);
    expect(most).toBe(MAX_CONCURRENT);
  });
});

test('a list is counted to 10,000, and lists that are counted together share a statement', async () => {
  await prisma.avatar.create({ data: { ...avatarRow('counted'), ownerId: 'counter' } });
  await pool.query(
    `INSERT INTO generations (id, owner_id, avatar_id, prompt, num_images, updated_at)
     SELECT 'counted-' || n, 'counter', 'counted', 'tea', 1, now() FROM generate_series(1, 10001) n`,
  );
  const sent: string[] = [];
  const counting = createRowReads({
    query: (query: { text: string }) => {
      sent.push(query.text);
      return pool.query(query);
    },
  } as never);
  const counts = ['counted', 'list-1', 'nothing', 'counted'].map((id) => counting.countGenerationsOf(id));
  expect(await Promise.all(counts)).toEqual([10_000, 6, 0, 10_000]);
  expect(sent).toHaveLength(1);
});

test('of the statements with ever new columns a bounded number is prepared', async () => {
  const names = new Set<string | undefined>();
  const counting = createRowReads({
    query: (query: { name?: string; text: string }) => {
      names.add(query.name);
      return pool.query(query);
    },
  } as never);
  const columns = [
    'name',
    'status',
    'version',
    'createdAt',
    'updatedAt',
    'finetuneId',
    'errorCode',
    'errorMessage',
  ] as const;
  for (let mask = 0; mask < 2 ** columns.length; mask += 1)
    await counting.avatar(
      'owner',
      'avatar-1',
      columns.filter((_, bit) => (mask & (1 << bit)) > 0),
    );
  expect(names.has(undefined)).toBe(true);
  expect(names.size).toBe(201);
});
