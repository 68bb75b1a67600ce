import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../src/open-database.ts';
import { databasePlace, optionsOf, testedDatabase, type DatabasePlace } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

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
  test('a ping answers', async () => {
    await database.ping();
  });

  test('a ping and a query fail at their timeouts while every connection is in use', async () => {
    await database.close();
    const timeouts = { pingMs: 300, acquireMs: 2000 };
    database = await openDatabase({ ...optionsOf(place.env), timeouts });
    const taken = await Promise.all(
      Array.from({ length: database.pool.options.max }, () => database.pool.connect()),
    );
    const waiting = expect(database.prisma.avatar.count()).rejects.toThrow(
      /timeout exceeded when trying to connect/,
    );

    await expect(database.ping()).rejects.toThrow('timed out after 300 ms');
    await waiting;

    for (const client of taken) client.release();
    await eventually('an answer', () =>
      database.ping().then(
        () => true,
        () => null,
      ),
    );
  });

  test('a database can be closed twice, and fails after that', async () => {
    await database.close();
    await database.close();
    await expect(database.ping()).rejects.toThrow();
    database = await place.open();
  });

  test.skipIf(testedDatabase === 'embedded')(
    'a ping fails at its timeout on a stalled connection, and succeeds after the stall (PostgreSQL only)',
    async () => {
      if (!('DATABASE_URL' in place.env)) throw new Error('This is about PostgreSQL');
      const url = new URL(place.env.DATABASE_URL);
      const proxy = await startTcpProxy([{ host: url.hostname, port: Number(url.port || 5432) }]);
      url.host = `127.0.0.1:${proxy.port}`;
      const far = await openDatabase(optionsOf({ DATABASE_URL: url.href }));
      try {
        await far.ping();
        proxy.stall();
        await expect(far.ping()).rejects.toThrow('timed out after 2000 ms');

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
    'a ping fails at once when the server is down (PostgreSQL only)',
    async () => {
      if (!('DATABASE_URL' in place.env)) throw new Error('This is about PostgreSQL');
      const url = new URL(place.env.DATABASE_URL);
      const proxy = await startTcpProxy([{ host: url.hostname, port: Number(url.port || 5432) }]);
      url.host = `127.0.0.1:${proxy.port}`;
      const far = await openDatabase(optionsOf({ DATABASE_URL: url.href }));
      await proxy.close();

      await expect(far.ping()).rejects.toThrow(/ECONNREFUSED|terminated/);
      await far.close();
    },
  );
});
