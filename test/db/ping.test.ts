import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, PING_TIMEOUT_MS, type Database } from '../../src/open-database.ts';
import { databasePlace, optionsOf, testedDatabase, type DatabasePlace } from '../support/database.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

/** What a busy machine may add to a timeout. */
const SLACK_MS = 1_000;

let place: DatabasePlace;
let database: Database;

beforeAll(async () => {
  place = await databasePlace();
  database = await place.open();
});
afterAll(async () => {
  await place.drop();
});

async function elapsedMs(work: Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work;
  return performance.now() - start;
}

describe(`on ${testedDatabase}`, () => {
  test('a ping answers', async () => {
    await database.ping();
  });

  test('a ping fails in its time while nobody gives a connection back, and so does a request in its own', async () => {
    const taken = await Promise.all(
      Array.from({ length: database.pool.options.max }, () => database.pool.connect()),
    );
    const waiting = expect(database.prisma.avatar.count()).rejects.toThrow(
      /timeout exceeded when trying to connect/,
    );

    const ms = await elapsedMs(expect(database.ping()).rejects.toThrow(`within ${PING_TIMEOUT_MS} ms`));
    expect(ms).toBeLessThan(PING_TIMEOUT_MS + SLACK_MS);
    await waiting;

    for (const client of taken) client.release();
    await database.ping();
  });

  test('closing twice is closing once, and a closed database says so', async () => {
    await database.close();
    await database.close();
    await expect(database.ping()).rejects.toThrow();
    database = await place.open();
  });

  test.skipIf(testedDatabase === 'embedded')(
    'a ping fails in its time on a connection that fell silent, and works once it speaks again (PostgreSQL only: the embedded one has no network)',
    async () => {
      if (!('DATABASE_URL' in place.env)) throw new Error('This is about PostgreSQL');
      const url = new URL(place.env.DATABASE_URL);
      const proxy = await startTcpProxy([{ host: url.hostname, port: Number(url.port || 5432) }]);
      url.host = `127.0.0.1:${proxy.port}`;
      const far = await openDatabase(optionsOf({ DATABASE_URL: url.href }));
      try {
        await far.ping();
        proxy.stall();
        const ms = await elapsedMs(expect(far.ping()).rejects.toThrow());
        expect(ms).toBeLessThan(PING_TIMEOUT_MS + SLACK_MS);

        proxy.resume();
        await expect
          .poll(() => far.ping().then(() => 'answers', String), { timeout: 10_000 })
          .toBe('answers');
        expect(await far.prisma.avatar.count()).toBe(0);
      } finally {
        await far.close();
        await proxy.close();
      }
    },
  );

  test.skipIf(testedDatabase === 'embedded')(
    'a ping fails at once when nobody listens (PostgreSQL only: the embedded one has no network)',
    async () => {
      if (!('DATABASE_URL' in place.env)) throw new Error('This is about PostgreSQL');
      const url = new URL(place.env.DATABASE_URL);
      const proxy = await startTcpProxy([{ host: url.hostname, port: Number(url.port || 5432) }]);
      url.host = `127.0.0.1:${proxy.port}`;
      const far = await openDatabase(optionsOf({ DATABASE_URL: url.href }));
      await proxy.close();

      const ms = await elapsedMs(expect(far.ping()).rejects.toThrow());
      expect(ms).toBeLessThan(SLACK_MS);
      await far.close();
    },
  );
});
