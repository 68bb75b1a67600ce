import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createChangeLog, forgetChanges } from '../../../src/db/store/change-log.ts';
import { freshDatabase, testedDatabase } from '../../support/database.ts';
import { randomFor } from '../../support/prng.ts';
import { REPLACE_CHANGE } from '../../../src/db/store/record-changes.ts';
import type pg from 'pg';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { pool } = database;
const log = createChangeLog(pool);

beforeEach(async () => {
  await pool.query('DELETE FROM changes; DELETE FROM change_positions');
  await log.open('ada');
});

async function write(
  entityId: string,
  version = 1,
  { client = pool, owner = 'ada' }: { client?: Pick<pg.ClientBase, 'query'>; owner?: string } = {},
): Promise<void> {
  const text = `INSERT INTO changes (entity_id, owner_id, version) VALUES ($1, $2, $3) ${REPLACE_CHANGE}`;
  await client.query(text, [entityId, owner, version]);
}

async function read(after: bigint | null, owner = 'ada') {
  await log.order(owner);
  return log.read(owner, after, 100);
}

async function idsAfter(after: bigint): Promise<string[]> {
  return (await read(after)).changes.map(({ entityId }) => entityId);
}

test('changes are read in pages after a position, of one owner, each object once', async () => {
  for (const id of ['a', 'b', 'c']) await write(id);
  await write('x', 1, { owner: 'bob' });
  await log.order('ada');
  const first = await log.read('ada', 0n, 2);
  const second = await log.read('ada', first.changes[1]?.position ?? 0n, 2);
  expect([...first.changes, ...second.changes]).toHaveLength(3);
  expect(new Set([...first.changes, ...second.changes].map(({ entityId }) => entityId))).toEqual(
    new Set(['a', 'b', 'c']),
  );
  const { last } = await read(null);
  expect(last).toBe(3n);
  await write('a', 2);
  expect((await read(last)).changes).toEqual([{ entityId: 'a', version: 2, position: 4n }]);
  expect(await idsAfter(0n)).toEqual(expect.arrayContaining(['b', 'c', 'a']));
});

test('more changes than one statement takes are all ordered', async () => {
  await pool.query(
    `INSERT INTO changes (entity_id, owner_id, version) SELECT 'e' || n, 'ada', 1 FROM generate_series(1, 2500) n`,
  );
  expect((await read(null)).last).toBe(2500n);
});

// The embedded database has one session.
describe.skipIf(testedDatabase === 'embedded')('with writers at the same time (PostgreSQL only)', () => {
  test('a change that is committed after a later one was read is read after it', async () => {
    const slow = await pool.connect();
    await slow.query('BEGIN');
    await write('early', 1, { client: slow });
    await write('late');
    const { changes, last } = await read(0n);
    expect(changes.map(({ entityId }) => entityId)).toEqual(['late']);
    await slow.query('COMMIT');
    slow.release();
    expect(await idsAfter(last)).toEqual(['early']);
  });

  test('a reader does not wait for an object that is being changed, and gets it afterwards', async () => {
    await write('a');
    const slow = await pool.connect();
    await slow.query('BEGIN');
    await write('a', 2, { client: slow });
    await write('b');
    const { changes, last } = await read(0n);
    expect(changes.map(({ entityId }) => entityId)).toEqual(['b']);
    await slow.query('COMMIT');
    slow.release();
    expect((await read(last)).changes).toMatchObject([{ entityId: 'a', version: 2 }]);
  });

  test('readers that order at the same time give each change one position', async () => {
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 20 }, (_, index) => write(`e${index}`, round + 1)));
      await Promise.all(Array.from({ length: 8 }, () => createChangeLog(pool).order('ada')));
      const { changes } = await log.read('ada', BigInt(20 * round), 100);
      expect(new Set(changes.map(({ position }) => position)).size).toBe(20);
      expect(changes.at(-1)?.position).toBe(BigInt(20 * (round + 1)));
    }
  });

  test('readers that resume again and again get the newest version of everything, in order', async () => {
    const WRITERS = 6;
    const CHANGES = 60;
    const owners = ['ada', 'bob'];
    await log.open('bob');
    const newest = new Map<string, number>();
    let isDone = false;

    /** Changes objects of its own, as the lock of an object's row makes its writers take turns. */
    async function writer(number: number): Promise<void> {
      const random = randomFor(number);
      const versions = [0, 0, 0, 0];
      for (let count = 0; count < CHANGES; count += 1) {
        const client = await pool.connect();
        await client.query('BEGIN');
        const changed = versions.flatMap((_, index) => (random.chance(0.5) ? [index] : []));
        for (const index of changed) {
          const version = (versions[index] ?? 0) + 1;
          const owner = owners[number % 2] ?? '';
          await write(`${owner}-${number}-${index}`, version, { client, owner });
          if (random.chance(0.3)) await pause(random.between(0, 5));
        }
        const isKept = random.chance(0.8);
        await client.query(isKept ? 'COMMIT' : 'ROLLBACK');
        client.release();
        if (!isKept) continue;
        for (const index of changed) {
          versions[index] = (versions[index] ?? 0) + 1;
          newest.set(`${owners[number % 2] ?? ''}-${number}-${index}`, versions[index] ?? 0);
        }
      }
    }

    async function reader(owner: string): Promise<Map<string, number>> {
      const got = new Map<string, number>();
      let after = 0n;
      for (;;) {
        const wasDone = isDone;
        // A new connection to another instance: nothing is left but the position.
        const instance = createChangeLog(pool);
        await instance.order(owner);
        const { changes } = await instance.read(owner, after, 7);
        for (const { entityId, version, position } of changes) {
          expect(position).toBeGreaterThan(after);
          expect(version).toBeGreaterThanOrEqual(got.get(entityId) ?? 0);
          got.set(entityId, version);
          after = position;
        }
        if (wasDone && changes.length === 0) return got;
      }
    }

    const writing = Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number))).then(() => {
      isDone = true;
    });
    const readers = await Promise.all(owners.flatMap((owner) => [reader(owner), reader(owner)]));
    await writing;
    for (const [index, got] of readers.entries()) {
      const owner = owners[index < 2 ? 0 : 1] ?? '';
      const own = [...newest].filter(([id]) => id.startsWith(owner));
      expect(own).not.toEqual([]);
      expect(new Map([...got].toSorted())).toEqual(new Map(own.toSorted()));
    }
  });
});

describe('after a week', () => {
  const age = (id: string) =>
    pool.query(`UPDATE changes SET changed_at = now() - interval '8 days' WHERE entity_id = $1`, [id]);
  const forget = () => forgetChanges(pool, new AbortController().signal);

  test('changes are forgotten, and a reader before one of them is told so', async () => {
    for (const id of ['a', 'b', 'c']) {
      await write(id);
      await log.order('ada');
    }
    await age('b');
    await forget();
    expect(await read(1n)).toMatchObject({ forgotten: 2n, changes: [{ entityId: 'c', position: 3n }] });
    await forget();
    expect((await read(2n)).forgotten).toBe(2n);
  });

  test('a change that nobody has read is told to every reader of before, not to one of afterwards', async () => {
    await write('a');
    const { last: before } = await read(null);
    await write('b');
    await age('b');
    await forget();
    const { last, forgotten } = await read(null);
    expect(forgotten).toBeGreaterThan(before);
    expect(forgotten).toBeLessThanOrEqual(last);
  });

  test('a change of somebody who never subscribed is forgotten', async () => {
    await write('x', 1, { owner: 'eve' });
    await age('x');
    await forget();
    const { rows } = await pool.query('SELECT 1 FROM changes');
    expect(rows).toEqual([]);
  });
});
