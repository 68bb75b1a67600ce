import { ACQUIRE_TIMEOUT_MS } from '../../src/db/postgres.ts';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  AnyNodeDocument,
  AvatarByIdDocument,
  CreateAvatarDocument,
} from '../../src/generated/contract/graphql.ts';
import { postgresPlace, type PostgresPlace } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';
import { FAL_KEY } from '../support/fal-key.ts';
import { FileUrls } from '../../src/http/files/file-url.ts';
import { newId } from '../../src/jobs/ids.ts';
import { startStack, type Stack, type StackOptions } from '../support/stack.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { photos } from '../support/api-client.ts';
import type { GraphQLFormattedError } from 'graphql';
import { POSTGRES, neededServices } from '../support/needed-services.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

/** Connections of one instance. */
const POOL_SIZE = 10;
const { title, isMissing } = await neededServices('a server whose PostgreSQL', ['postgres']);

const codesOf = (errors: readonly GraphQLFormattedError[]) =>
  errors.map(({ extensions }) => extensions?.['code']);

describe.skipIf(isMissing)(title, () => {
  let database: PostgresPlace;
  let proxy: TcpProxy;
  let stack: Stack;
  /** A session past the proxy. */
  let operator: pg.Client;

  const begin = async (env: StackOptions['env'] = {}) => {
    database = await postgresPlace(POSTGRES, false);
    const url = new URL(database.env.DATABASE_URL);
    proxy = await startTcpProxy([{ host: url.hostname, port: Number(url.port || '5432') }]);
    url.port = String(proxy.port);
    stack = await startStack({ database: { ...database.env, DATABASE_URL: url.href }, env });
    operator = new pg.Client({ connectionString: database.env.DATABASE_URL });
    await operator.connect();
  };
  const end = async () => {
    await stack.close();
    await proxy.close();
    await operator.end();
    await database.drop();
  };
  const isReady = async () => (await stack.server().readiness()).status;

  describe('without polling', () => {
    beforeAll(() => begin(NEVER_POLL));
    afterAll(end);
    afterEach(() => proxy.resume());

    test('locks a table for long: requests without a connection fail in time, the others get their answer', async () => {
      const server = stack.server();
      const input = { name: 'Ada', trainingType: 'PORTRAIT' } as const;
      await operator.query('BEGIN; LOCK TABLE avatars IN ACCESS EXCLUSIVE MODE');
      let [refused, answered] = [0, 0];
      const asked = Array.from({ length: POOL_SIZE + 5 }, async () => {
        // Reads would share a connection.
        const { errors } = await server.ask(CreateAvatarDocument, { input });
        expect(codesOf(errors)).toEqual(errors.map(() => 'SERVICE_UNAVAILABLE'));
        if (errors.length > 0) refused += 1;
        else answered += 1;
      });
      await expect.poll(isReady).toBe(503);
      // The database ends those that have a connection after 15 s, so they must not be waited for here.
      await eventually('those without a connection', () => refused === 5);
      expect(answered).toBe(0);
      await operator.query('COMMIT');
      await Promise.all(asked);
      expect(answered).toBe(POOL_SIZE);
      await expect.poll(isReady).toBe(200);
    });

    test('ends connections during writes: no acknowledged write is missing, no run is paid for twice', async () => {
      const server = stack.server();
      const made: string[] = [];
      const trained: string[] = [];
      let [failures, isOver] = [0, false];
      const writer = async (name: string) => {
        while (!isOver) {
          try {
            const { id } = await server.newAvatar({ name });
            made.push(id);
            await server.startTraining({ avatarId: id, imagesUrl: photos('stuck') });
            trained.push(id);
          } catch {
            failures += 1;
          }
        }
      };
      const writers = Promise.all(['Ada', 'Grace', 'Mary', 'Joan'].map(writer));
      for (let round = 0; round < 20; round++) {
        await eventually('another write', () => made.length > round);
        await operator.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'likeness'`,
        );
      }
      isOver = true;
      await writers;
      // Otherwise no write was interrupted.
      expect(failures).toBeGreaterThan(0);

      const { rows } = await operator.query<{ id: string; state: string | null }>(
        'SELECT avatars.id, jobs.state FROM avatars LEFT JOIN jobs ON jobs.avatar_id = avatars.id',
      );
      const stateOf = new Map(rows.map(({ id, state }) => [id, state]));
      expect(made.filter((id) => !stateOf.has(id))).toEqual([]);
      expect(trained.filter((id) => stateOf.get(id) == null)).toEqual([]);
      // Each run has its own callback URL, and fal got each once.
      const submits = stack.simulator.requests().map(({ webhookUrl }) => webhookUrl);
      expect(new Set(submits).size).toBe(submits.length);
      const runs = stack.simulator.requests().flatMap(({ requestId }) => requestId ?? []);
      await eventually('a job for every run at fal', async () => {
        const known = await operator.query('SELECT 1 FROM jobs WHERE fal_request_id = ANY ($1)', [runs]);
        return known.rowCount === runs.length;
      });
      await server.newAvatar();
    });

    test('falls silent: it is not ready, requests fail in time, and the next connection works', async () => {
      const server = stack.server();
      const { id } = await server.newAvatar();
      proxy.stall();
      const unanswered = server.ask(AvatarByIdDocument, { id });
      await expect.poll(isReady).toBe(503);
      expect(codesOf((await unanswered).errors)).toEqual(['SERVICE_UNAVAILABLE']);
      proxy.resume();
      await expect.poll(isReady).toBe(200);
      expect((await server.avatar(id))?.id).toBe(id);
    });

    test('stops: a webhook is answered 503 in time, and a later delivery completes the run', async () => {
      const server = stack.server();
      const { id } = await server.newAvatar();
      const { falRequestId } = await server.startTraining({
        avatarId: id,
        imagesUrl: photos('stuck-in-queue'),
      });
      const watch = server.watchAvatar({ avatarId: id });
      await watch.next();

      await proxy.close();
      // fal gives up after 15 s.
      expect(ACQUIRE_TIMEOUT_MS).toBeLessThanOrEqual(5000);
      expect(await stack.simulator.deliver(stack.webhookOf(falRequestId))).toBe(503);
      await expect.poll(isReady).toBe(503);
      expect((await fetch(`${server.url}/livez`)).status).toBe(200);
      // One through SQL of ours, one through Prisma.
      const answers = [
        await server.ask(AvatarByIdDocument, { id }),
        await server.ask(AnyNodeDocument, { id }),
      ];
      for (const { status, headers, errors } of answers) {
        expect(codesOf(errors)).toEqual(['SERVICE_UNAVAILABLE']);
        expect([status, headers.get('retry-after')]).toEqual([503, '1']);
      }
      const upload = await fetch(`${server.url}/photos/${'x'.repeat(43)}`, { method: 'PUT', body: 'x' });
      expect([upload.status, upload.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await upload.json()).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      const urls = new FileUrls(FAL_KEY, () => server.url);
      for (const ref of [{ photoId: newId('pho') }, { sourceId: newId('gen'), position: 0 }]) {
        const download = await fetch(urls.urlOf(ref, undefined));
        expect([download.status, download.headers.get('retry-after')]).toEqual([503, '5']);
        expect(await download.json()).toMatchObject({ code: 'FILE_NOT_READY' });
      }

      await proxy.reopen();
      await expect.poll(isReady).toBe(200);
      expect(await stack.simulator.deliver(stack.webhookOf(falRequestId))).toBe(200);
      // The subscription was open all the time.
      await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    });
  });

  describe('with polling', () => {
    beforeAll(() => begin());
    afterAll(end);

    test('stops: a run whose webhook was lost is found by polling once it is back', async () => {
      const server = stack.server();
      const { id } = await server.newAvatar();
      const polls = stack.fal.holdAnswers(({ path }) => path.includes('/status'), 1);
      await server.startTraining({ avatarId: id, imagesUrl: photos('silent') });
      await polls.reached(1);
      await proxy.close();
      polls.release();
      const message = 'loop iteration failed; retrying at the next interval';
      await server.logged(({ msg }) => msg === message, 'an iteration that failed');
      await proxy.reopen();
      // The interrupted poll keeps its lease of two minutes, which ends here by the database's clock.
      await eventually('the end', async () => {
        await operator.query('UPDATE jobs SET next_poll_at = now() WHERE next_poll_at > now()');
        const { data } = await server.ask(AvatarByIdDocument, { id });
        return data?.avatar?.status === 'COMPLETED' && data.avatar.isReady;
      });
      expect(stack.simulator.requests()).toHaveLength(1);
    });
  });
});
