import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { AvatarByIdDocument } from '../../src/generated/contract/graphql.ts';
import { createPostgresDatabase, dropPostgresDatabase } from '../support/postgres-template.ts';
import { eventually } from '../support/eventually.ts';
import { NEVER_POLL, startService, type Service } from '../support/service.ts';
import { POSTGRES, severalNeeds } from '../support/several-needs.ts';
import { photos } from '../support/api-steps.ts';
import { stallingProxy, type StallingProxy } from '../support/stalling-proxy.ts';

const WAIT = { timeout: 20_000, interval: 50 };
/** Connections of one instance. */
const POOL_SIZE = 10;
/** A connection is waited for 5 s; the rest is what a busy machine takes. */
const IN_TIME_MS = 12_000;
const { title, isMissing } = await severalNeeds('a PostgreSQL that is slow, cut off or ends connections', [
  'postgres',
]);

describe.skipIf(isMissing)(title, { timeout: 60_000 }, () => {
  let database: { readonly name: string; readonly url: string };
  let proxy: StallingProxy;
  let service: Service;
  beforeAll(async () => {
    database = await createPostgresDatabase(POSTGRES);
    const url = new URL(database.url);
    proxy = await stallingProxy({ host: url.hostname, port: Number(url.port || '5432') });
    url.port = String(proxy.port);
    service = await startService({ instances: 1, databaseUrl: url.href, env: NEVER_POLL });
  });
  afterAll(async () => {
    await service.close();
    await proxy.close();
    await dropPostgresDatabase(POSTGRES, database.name);
  });
  afterEach(async () => {
    proxy.resume();
    await operator?.end();
    operator = null;
  });

  /** A session past the proxy. */
  let operator: pg.Client | null = null;
  const asOperator = async () => {
    operator = new pg.Client({ connectionString: database.url });
    await operator.connect();
    return operator;
  };

  const isReady = async () => (await service.instance(1).readiness()).status;

  test('whose table is locked for long: who gets no connection is told so in time, the others get their answer', async () => {
    const only = service.instance(1);
    const id = await only.newAvatar();
    const admin = await asOperator();
    await admin.query('BEGIN; LOCK TABLE avatars IN ACCESS EXCLUSIVE MODE');
    const began = performance.now();
    const refusedAfterMs: number[] = [];
    let answered = 0;
    const asked = Array.from({ length: POOL_SIZE + 5 }, async () => {
      const { errors } = await only.ask(AvatarByIdDocument, { id });
      if (errors.length > 0) refusedAfterMs.push(performance.now() - began);
      else answered += 1;
    });
    await expect.poll(isReady, WAIT).toBe(503);
    const inTime = () => (refusedAfterMs.length === 5 ? true : null);
    await eventually('those without a connection', inTime, IN_TIME_MS);
    // Those that have one wait in the database, which would end them after 15 s.
    expect(answered).toBe(0);
    await admin.query('COMMIT');
    await Promise.all(asked);
    expect(answered).toBe(POOL_SIZE);
    await expect.poll(isReady, WAIT).toBe(200);
  });

  test('that ends connections in the middle of writes: no acknowledged write is missing, and none is paid twice', async () => {
    const only = service.instance(1);
    const admin = await asOperator();
    const made: string[] = [];
    const trained: string[] = [];
    let failures = 0;
    let isOver = false;
    const writer = async (name: string) => {
      while (!isOver) {
        try {
          const id = await only.newAvatar(name);
          made.push(id);
          await only.train(id, photos('stuck'));
          trained.push(id);
        } catch {
          failures += 1;
        }
      }
    };
    const writers = Promise.all(['Ada', 'Grace', 'Mary', 'Joan'].map(writer));
    for (let round = 0; round < 20; round++) {
      await eventually('another write', () => (made.length > round ? true : null));
      await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'likeness'`,
      );
    }
    isOver = true;
    await writers;
    // Otherwise nothing was tried.
    expect(failures).toBeGreaterThan(0);

    const rows = await admin.query<{ id: string; state: string | null }>(
      'SELECT avatars.id, jobs.state FROM avatars LEFT JOIN jobs ON jobs.avatar_id = avatars.id',
    );
    const stateOf = new Map(rows.rows.map(({ id, state }) => [id, state]));
    expect(made.filter((id) => !stateOf.has(id))).toEqual([]);
    expect(trained.filter((id) => stateOf.get(id) == null)).toEqual([]);
    // Each run has a callback URL of its own, and fal got each once.
    const submits = service.simulator.requests().map(({ webhookUrl }) => webhookUrl);
    expect(new Set(submits).size).toBe(submits.length);
    const runs = service.simulator.requests().flatMap(({ requestId }) => requestId ?? []);
    const known = async () => {
      const { rowCount } = await admin.query('SELECT 1 FROM jobs WHERE fal_request_id = ANY ($1)', [runs]);
      return rowCount === runs.length ? true : null;
    };
    await eventually('every run that fal took to be known', known, IN_TIME_MS);
    await only.newAvatar();
  });

  test('that falls silent: readiness tells, requests end in an error, and the next connection is a good one', async () => {
    const only = service.instance(1);
    const id = await only.newAvatar();
    const began = performance.now();
    proxy.stall();
    const unanswered = only.ask(AvatarByIdDocument, { id });
    await expect.poll(isReady, WAIT).toBe(503);
    expect(performance.now() - began).toBeLessThan(6000);
    expect((await unanswered).errors).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(30_000);
    proxy.resume();
    await expect.poll(isReady, WAIT).toBe(200);
    expect((await only.avatar(id))?.id).toBe(id);
  });
});
