import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { hasRedisServer, startRedis } from '../support/redis.ts';
import { Killable } from './killable.ts';
import { testedDatabase } from '../support/database.ts';

const KILL_AT_COMMIT = fileURLToPath(new URL('kill-at-commit.mjs', import.meta.url));
/** fal's run never ends by itself, so that all news of it is what a test sends. */
const HELD = 'stuck-in-queue';
/** A restart on a busy machine. */
const LONG_MS = 30_000;
/** How often the restarted server looks for what was left behind. */
const SOON = { RECONCILE_INTERVAL_MS: '100' };

let it: Killable;
beforeEach(async () => {
  it = await Killable.create();
});
afterEach(() => it.close());

/** A training whose webhook kills the server around its COMMIT; resolves when the server is gone. */
async function killedByWebhook(when: 'before' | 'after', env: Readonly<Record<string, string>> = {}) {
  await it.start({ env: { KILL_AT: when, ...env }, preload: [KILL_AT_COMMIT] });
  const { id } = await it.newAvatar();
  const { version, falRequestId } = await it.startTraining(id, HELD);
  const watch = it.watch(id);
  expect((await watch.next()).version).toBe(version);
  const webhook = it.webhookOf(falRequestId);
  expect(await it.fal.deliver(webhook)).toBeNull();
  expect((await it.server.ended).signal).toBe('SIGKILL');
  expect(await watch.ended()).toHaveLength(1);
  return { id, version, webhook };
}

/** Whether a call never gets an answer. */
function cutOff(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => false,
    () => true,
  );
}

/** The submit's outcome is unknown, and stays so until somebody tells. */
async function saysUnknown(id: string): Promise<void> {
  const avatar = await eventually('an unknown outcome', async () => {
    const now = await it.avatar(id);
    return now.error === null ? null : now;
  });
  expect(avatar).toMatchObject({
    status: 'QUEUED',
    falRequestId: null,
    error: { code: 'SUBMIT_OUTCOME_UNKNOWN' },
  });
}

describe(`a server killed on ${testedDatabase}`, { timeout: 90_000 }, () => {
  test('before fal got its submit sends none after the restart, and says that it does not know', async () => {
    await it.start();
    const { id } = await it.newAvatar();
    it.gate.hold();
    const isCutOff = cutOff(it.startTraining(id));
    await eventually('the submit at the gate', () => (it.gate.waiting() === 1 ? true : null));
    await it.server.kill();
    expect(await isCutOff).toBe(true);

    await it.passMinute();
    await it.start({ env: SOON });
    await saysUnknown(id);
    // The same call again gets this outcome, and starts nothing.
    expect(await it.startTraining(id)).toMatchObject({ error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
    expect(it.gate.waiting()).toBe(1);
    expect(it.fal.requests()).toEqual([]);
  });

  /** A training that fal has, and a server that was killed before it heard so. */
  async function killedAfterFalTookIt(): Promise<{ id: string; requestId: string | null }> {
    await it.start();
    const { id } = await it.newAvatar();
    const isCutOff = cutOff(it.startTraining(id, 'hang', HELD));
    const { requestId } = await eventually('fal’s run', () => it.fal.requests()[0]);
    await it.server.kill();
    expect(await isCutOff).toBe(true);
    return { id, requestId };
  }

  test('after fal took its submit and before it heard so never submits again, and the webhook completes it', async () => {
    const { id, requestId } = await killedAfterFalTookIt();

    await it.passMinute();
    await it.start({ env: SOON });
    await saysUnknown(id);
    expect(await it.startTraining(id, 'hang', HELD)).toMatchObject({
      error: { code: 'SUBMIT_OUTCOME_UNKNOWN' },
    });

    const watch = it.watch(id);
    expect(await it.fal.deliver(it.webhookOf(requestId))).toBe(200);
    const done = await watch.until(({ status }) => status === 'COMPLETED');
    expect(done).toMatchObject({ isReady: true, falRequestId: requestId, error: null });
    expect(it.fal.requests()).toHaveLength(1);
  });

  test('after fal took its submit takes the webhook that comes before its minute is over', async () => {
    const { id, requestId } = await killedAfterFalTookIt();

    await it.start();
    expect(await it.fal.deliver(it.webhookOf(requestId))).toBe(200);
    expect(await it.avatar(id)).toMatchObject({ status: 'COMPLETED', falRequestId: requestId });
    expect(it.fal.requests()).toHaveLength(1);
  });

  test('before it could commit what a webhook said has not answered it, and the next delivery applies once', async () => {
    const { id, version, webhook } = await killedByWebhook('before');

    await it.start();
    expect(await it.avatar(id)).toMatchObject({ status: 'QUEUED', version });
    const watch = it.watch(id, version);
    expect(await it.fal.deliver(webhook)).toBe(200);
    const done = await watch.next();
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, version: version + 1 });
    expect(await it.fal.deliver(webhook)).toBe(200);
    expect(await it.avatar(id)).toEqual(done);
  });

  test('between commit and publish shows the final state first, and takes the webhook’s repeat for one', async () => {
    const { id, version, webhook } = await killedByWebhook('after');

    await it.start();
    const watch = it.watch(id, version);
    const done = await watch.next();
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, version: version + 1 });
    expect(await it.fal.deliver(webhook)).toBe(200);
    expect(await it.avatar(id)).toEqual(done);
    expect(watch.seen).toEqual([done]);
  });

  test.skipIf(!hasRedisServer)(
    hasRedisServer
      ? 'between commit and publish tells the other instances after the restart'
      : 'between commit and publish tells the other instances (skipped: no redis-server program here)',
    async () => {
      const port = await freePort();
      await startRedis(port);
      const url = `redis://127.0.0.1:${port}`;
      const heard: string[] = [];
      const other = new Redis(url);
      try {
        await other.subscribe('likeness:news');
        other.on('message', (_channel, text) => heard.push(text));
        const { id, version } = await killedByWebhook('after', { REDIS_URL: url });
        const ofTheEnd = () =>
          heard.find((text) => text.includes(id) && text.includes(`"version":${version + 1}`)) ?? null;
        expect(ofTheEnd()).toBeNull();

        await it.start({ env: { ...SOON, REDIS_URL: url } });
        await eventually('the announcement that was left behind', ofTheEnd, LONG_MS);
      } finally {
        other.disconnect();
      }
    },
  );
});
