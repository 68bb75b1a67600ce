import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { hasRedisServer, startRedis } from '../support/redis.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { photos } from '../support/api-client.ts';
import { testedDatabase } from '../support/database.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

const KILL_AT_COMMIT = fileURLToPath(new URL('kill-at-commit.mjs', import.meta.url));
/** The run never ends by itself at fal: only the test's webhooks report on it. */
const HELD = 'stuck-in-queue';
/** A restart on a busy machine. */
const LONG_MS = 30_000;
/** The restarted server finds what was left behind. */
const SOON = { RECONCILE_INTERVAL_MS: '100' };

let stack: Stack;
beforeEach(async () => {
  stack = await startStack({ env: NEVER_POLL, isStarted: false });
});
afterEach(() => stack.close());

const startTraining = (avatarId: string, ...scenarios: ScenarioName[]) =>
  stack.server().startTraining({ avatarId, imagesUrl: photos(...scenarios), idempotencyKey: 'the one' });

const watchFrom = (avatarId: string, afterVersion = 0) =>
  stack.server().watchAvatar({ avatarId, afterVersion }, { over: 'sse' });

/** Moves the database's clock past the minute after which an unfinished submit counts as unknown. */
const passMinute = () =>
  stack.atDatabase(({ pool }) =>
    pool.query(
      `UPDATE jobs SET created_at = created_at - interval '61 s', next_poll_at = next_poll_at - interval '61 s'`,
    ),
  );

/** A training whose webhook kills the server around its COMMIT; resolves when the server is gone. */
async function killedByWebhook(when: 'before' | 'after', env: Readonly<Record<string, string>> = {}) {
  const server = stack.server();
  await server.start({ env: { KILL_AT: when, ...env }, preload: [KILL_AT_COMMIT], mayExit: true });
  const { id } = await server.newAvatar();
  const { version, falRequestId } = await startTraining(id, HELD);
  const watch = watchFrom(id);
  expect((await watch.next()).version).toBe(version);
  const webhook = stack.webhookOf(falRequestId);
  expect(await stack.simulator.deliver(webhook)).toBeNull();
  expect((await server.exited).signal).toBe('SIGKILL');
  expect(await watch.ended()).toHaveLength(1);
  return { id, version, webhook };
}

/** The submit's outcome is unknown. */
async function showsUnknown(id: string): Promise<void> {
  const avatar = await eventually('an unknown outcome', async () => {
    const now = await stack.server().avatar(id);
    return now?.error == null ? null : now;
  });
  expect(avatar).toMatchObject({
    status: 'QUEUED',
    falRequestId: null,
    error: { code: 'SUBMIT_OUTCOME_UNKNOWN' },
  });
}

describe(`a server killed on ${testedDatabase}`, () => {
  test('before fal got its submit sends none after the restart, and the outcome shows as unknown', async () => {
    const server = stack.server();
    await server.start();
    const { id } = await server.newAvatar();
    const submits = stack.fal.holdRequests();
    const cutOff = expect(startTraining(id)).rejects.toThrow();
    await submits.reached(1);
    await server.kill();
    await cutOff;

    await passMinute();
    await server.start({ env: SOON });
    await showsUnknown(id);
    // The same call gets this outcome again, and starts nothing.
    expect(await startTraining(id)).toMatchObject({ error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
    expect(stack.fal.requests).toHaveLength(1);
    expect(stack.simulator.requests()).toEqual([]);
  });

  /** A training that fal accepted, and a server that was killed before it got the answer. */
  async function killedAfterAcceptance(): Promise<{ id: string; requestId: string | null }> {
    const server = stack.server();
    await server.start();
    const { id } = await server.newAvatar();
    const cutOff = expect(startTraining(id, 'hang', HELD)).rejects.toThrow();
    const { requestId } = await eventually('fal’s run', () => stack.simulator.requests()[0]);
    await server.kill();
    await cutOff;
    return { id, requestId };
  }

  test('after fal accepted its submit never submits again, and the webhook completes it', async () => {
    const { id, requestId } = await killedAfterAcceptance();

    await passMinute();
    await stack.server().start({ env: SOON });
    await showsUnknown(id);
    expect(await startTraining(id, 'hang', HELD)).toMatchObject({
      error: { code: 'SUBMIT_OUTCOME_UNKNOWN' },
    });

    const watch = watchFrom(id);
    expect(await stack.simulator.deliver(stack.webhookOf(requestId))).toBe(200);
    const done = await watch.until(({ status }) => status === 'COMPLETED');
    expect(done).toMatchObject({ isReady: true, falRequestId: requestId, error: null });
    expect(stack.simulator.requests()).toHaveLength(1);
  });

  test('after fal accepted its submit takes the webhook that comes within its minute', async () => {
    const { id, requestId } = await killedAfterAcceptance();

    await stack.server().start();
    expect(await stack.simulator.deliver(stack.webhookOf(requestId))).toBe(200);
    expect(await stack.server().avatar(id)).toMatchObject({ status: 'COMPLETED', falRequestId: requestId });
    expect(stack.simulator.requests()).toHaveLength(1);
  });

  test('before the commit of a webhook has not answered it, and the next delivery applies once', async () => {
    const { id, version, webhook } = await killedByWebhook('before');

    await stack.server().start();
    expect(await stack.server().avatar(id)).toMatchObject({ status: 'QUEUED', version });
    const watch = watchFrom(id, version);
    expect(await stack.simulator.deliver(webhook)).toBe(200);
    const done = await watch.next();
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, version: version + 1 });
    expect(await stack.simulator.deliver(webhook)).toBe(200);
    expect(await stack.server().avatar(id)).toEqual(done);
  });

  test('between commit and publish shows the final state first, and the webhook’s repeat changes nothing', async () => {
    const { id, version, webhook } = await killedByWebhook('after');

    await stack.server().start();
    const watch = watchFrom(id, version);
    const done = await watch.next();
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, version: version + 1 });
    expect(await stack.simulator.deliver(webhook)).toBe(200);
    expect(await stack.server().avatar(id)).toEqual(done);
    expect(watch.seen).toEqual([done]);
  });

  test.skipIf(!hasRedisServer)(
    `between commit and publish notifies other instances after the restart${hasRedisServer ? '' : ' (skipped: no redis-server program)'}`,
    async () => {
      const { url } = await startRedis(await freePort());
      const published: string[] = [];
      const other = new Redis(url);
      try {
        await other.subscribe('likeness:news');
        other.on('message', (_channel, text) => published.push(text));
        const { id, version } = await killedByWebhook('after', { REDIS_URL: url });
        const theEnd = () =>
          published.find((text) => text.includes(id) && text.includes(`"version":${version + 1}`));
        expect(theEnd()).toBeUndefined();

        await stack.server().start({ env: { ...SOON, REDIS_URL: url } });
        await eventually('the notification that was left behind', theEnd, LONG_MS);
      } finally {
        other.disconnect();
      }
    },
  );
});
