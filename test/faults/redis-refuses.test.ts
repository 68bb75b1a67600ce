import { Redis } from 'ioredis';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { announcementOf, changed, instance, MISSED } from '../support/redis-instance.ts';
import { freePort } from '../support/free-port.ts';
import { losingProxy, startRedis } from '../support/redis.ts';
import { severalNeeds } from '../support/several-needs.ts';

const HEARTBEAT_MS = 10_000;
const WAIT = { timeout: 10_000, interval: 20 };

const { title, isMissing } = await severalNeeds('a Redis that is there and of little use', ['redis']);

afterEach(() => {
  vi.useRealTimers();
});

function operator(port: number, password?: string): Redis {
  const redis = new Redis(port, '127.0.0.1', password === undefined ? {} : { password });
  onTestFinished(() => redis.disconnect());
  return redis;
}

describe.skipIf(isMissing)(title, { timeout: 30_000 }, () => {
  test('refuses the password: one line says so, this instance has its own news, and a mended password is found', async () => {
    const port = await freePort();
    await startRedis(port, ['--requirepass', 'right']);
    const here = instance(`redis://:wrong@127.0.0.1:${port}`, 'avt');
    await vi.waitFor(() => expect(here.log.lines).toHaveLength(1), WAIT);
    await expect(here.news.publish(announcementOf('avt'))).rejects.toThrow('no connection to Redis');
    expect(here.heard).toEqual([changed('avt')]);
    expect(here.relay.isConnected()).toBe(false);

    await operator(port, 'right').config('SET', 'requirepass', 'wrong');
    await vi.waitFor(() => expect(here.relay.isConnected()).toBe(true), WAIT);
    expect(here.heard).toEqual([changed('avt'), MISSED]);
    // However many times it tried in between.
    expect(here.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    const [refused] = here.log.lines;
    expect(refused?.message).toBe('Redis unavailable: notifications stay in this process');
    expect(String((refused?.fields as { err?: unknown }).err)).toContain('WRONGPASS');
  });

  test('does not allow the channel: one line says so, it is not stormed, and a right given later is found', async () => {
    const port = await freePort();
    await startRedis(port);
    const admin = operator(port);
    await admin.acl('SETUSER', 'app', 'on', '>pass', '~*', '+@all', 'resetchannels');
    // Only the heartbeat's clock is the test's.
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const here = instance(`redis://app:pass@127.0.0.1:${port}`, 'avt');
    await vi.waitFor(() => expect(here.log.lines).toHaveLength(1), WAIT);
    expect(String((here.log.lines[0]?.fields as { err?: unknown }).err)).toContain('NOPERM');
    const connections = async () => /total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1];
    const before = await connections();
    for (let count = 0; count < 20; count++) {
      await expect(here.news.publish(announcementOf('avt', count + 1))).rejects.toThrow('NOPERM');
    }
    expect(await connections()).toBe(before);
    expect(here.relay.isConnected()).toBe(false);

    await admin.acl('SETUSER', 'app', '&*');
    vi.advanceTimersByTime(HEARTBEAT_MS);
    await vi.waitFor(() => expect(here.relay.isConnected()).toBe(true), WAIT);
    expect(here.heard.at(-1)).toEqual(MISSED);
    expect(here.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  test('answers late: news goes its way all the same', async () => {
    const port = await freePort();
    await startRedis(port);
    const slow = await losingProxy(port, 300);
    const [here, there] = [instance(slow.url, 'avt'), instance(slow.url, 'avt')];
    for (const { relay } of [here, there]) {
      await vi.waitFor(() => expect(relay.isConnected()).toBe(true), WAIT);
    }
    const sending = Array.from({ length: 100 }, (_, index) =>
      here.news.publish(announcementOf('avt', index + 1)),
    );
    expect(here.heard.filter(({ kind }) => kind === 'changed')).toHaveLength(100);
    await Promise.all(sending);
    await vi.waitFor(
      () => expect(there.heard.filter(({ kind }) => kind === 'changed')).toHaveLength(100),
      WAIT,
    );
  });

  test('hangs: whatever is sent fails within seconds, nothing is kept, and all is well when it wakes', async () => {
    const port = await freePort();
    const redis = await startRedis(port);
    const [here, there] = [instance(redis.url, 'avt'), instance(redis.url, 'avt')];
    for (const { relay } of [here, there]) {
      await vi.waitFor(() => expect(relay.isConnected()).toBe(true), WAIT);
    }
    redis.signal('SIGSTOP');
    const began = performance.now();
    const failed = await Promise.allSettled(
      Array.from({ length: 5000 }, (_, index) => here.news.publish(announcementOf('avt', index + 1))),
    );
    expect(performance.now() - began).toBeLessThan(5000);
    expect(failed.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    // From now on there is no connection to wait for.
    await expect(here.news.publish(announcementOf('avt', 5001))).rejects.toThrow('no connection to Redis');
    expect(here.relay.isConnected()).toBe(false);

    redis.signal('SIGCONT');
    await vi.waitFor(() => expect(here.relay.isConnected()).toBe(true), WAIT);
    await here.news.publish(announcementOf('avt', 5001));
    await vi.waitFor(() => expect(there.heard.at(-1)).toEqual(changed('avt')), WAIT);
  });
});
