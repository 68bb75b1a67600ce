import { Redis } from 'ioredis';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { announcementOf, changed, instance, MISSED } from '../support/redis-instance.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis.ts';
import { neededServices } from '../support/needed-services.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';

const HEARTBEAT_MS = 10_000;

const { title, isMissing } = await neededServices('a Redis that', ['redis']);

/** The test owns the heartbeat's clock; connections and their timeouts keep the real one. */
const ownHeartbeat = () => vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
afterEach(() => {
  vi.useRealTimers();
});

function operator(port: number, password?: string): Redis {
  const redis = new Redis(port, '127.0.0.1', password === undefined ? {} : { password });
  onTestFinished(() => redis.disconnect());
  return redis;
}

async function proxyTo(port: number, delayMs = 0): Promise<TcpProxy & { readonly redisUrl: string }> {
  const proxy = await startTcpProxy([{ port }], delayMs);
  onTestFinished(() => proxy.close());
  return { ...proxy, redisUrl: `redis://127.0.0.1:${proxy.port}` };
}

const connected = ({ relay }: ReturnType<typeof instance>) =>
  expect.poll(() => relay.isConnected()).toBe(true);

describe.skipIf(isMissing)(title, () => {
  test('rejects the password is logged once, leaves local notifications, and connects once the password is right', async () => {
    const port = await freePort();
    await startRedis(port, ['--requirepass', 'right']);
    const here = instance(`redis://:wrong@127.0.0.1:${port}`, 'avt');
    await expect.poll(() => here.log.lines).toHaveLength(1);
    await expect(here.notifications.publish(announcementOf('avt'))).rejects.toThrow('no connection to Redis');
    expect(here.heard).toEqual([changed('avt')]);
    expect(here.relay.isConnected()).toBe(false);

    await operator(port, 'right').config('SET', 'requirepass', 'wrong');
    await connected(here);
    expect(here.heard).toEqual([changed('avt'), MISSED]);
    // However many attempts there were in between.
    expect(here.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    const [refused] = here.log.lines;
    expect(refused?.message).toBe('Redis unavailable: notifications stay in this process');
    expect(String((refused?.fields as { err?: unknown }).err)).toContain('WRONGPASS');
  });

  test('forbids the channel is logged once, gets no storm of connections, and connects once it is allowed', async () => {
    const port = await freePort();
    await startRedis(port);
    const admin = operator(port);
    await admin.acl('SETUSER', 'app', 'on', '>pass', '~*', '+@all', 'resetchannels');
    ownHeartbeat();
    const here = instance(`redis://app:pass@127.0.0.1:${port}`, 'avt');
    await expect.poll(() => here.log.lines).toHaveLength(1);
    expect(String((here.log.lines[0]?.fields as { err?: unknown }).err)).toContain('NOPERM');
    const connections = async () => /total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1];
    const before = await connections();
    for (let count = 0; count < 20; count++) {
      await expect(here.notifications.publish(announcementOf('avt', count + 1))).rejects.toThrow('NOPERM');
    }
    expect(await connections()).toBe(before);
    expect(here.relay.isConnected()).toBe(false);

    await admin.acl('SETUSER', 'app', '&*');
    vi.advanceTimersByTime(HEARTBEAT_MS);
    await connected(here);
    expect(here.heard.at(-1)).toEqual(MISSED);
    expect(here.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  test('answers late still delivers every notification', async () => {
    const port = await freePort();
    await startRedis(port);
    const { redisUrl } = await proxyTo(port, 300);
    const [here, there] = [instance(redisUrl, 'avt'), instance(redisUrl, 'avt')];
    await Promise.all([here, there].map(connected));
    const sending = Array.from({ length: 100 }, (_, index) =>
      here.notifications.publish(announcementOf('avt', index + 1)),
    );
    const changes = ({ heard }: typeof here) => heard.filter(({ kind }) => kind === 'changed');
    expect(changes(here)).toHaveLength(100);
    await Promise.all(sending);
    await expect.poll(() => changes(there)).toHaveLength(100);
  });

  test('hangs fails every publish in time, keeps none of them, and works again when it wakes', async () => {
    const port = await freePort();
    const redis = await startRedis(port);
    // A command has a timeout of its own: no heartbeat is needed.
    ownHeartbeat();
    const [here, there] = [instance(redis.url, 'avt'), instance(redis.url, 'avt')];
    await Promise.all([here, there].map(connected));
    redis.signal('SIGSTOP');
    const failed = await Promise.allSettled(
      Array.from({ length: 5000 }, (_, index) =>
        here.notifications.publish(announcementOf('avt', index + 1)),
      ),
    );
    expect(failed.filter(({ status }) => status === 'fulfilled')).toEqual([]);
    // From now on there is no connection to wait for.
    await expect(here.notifications.publish(announcementOf('avt', 5001))).rejects.toThrow(
      'no connection to Redis',
    );
    expect(here.relay.isConnected()).toBe(false);

    redis.signal('SIGCONT');
    await connected(here);
    await here.notifications.publish(announcementOf('avt', 5001));
    await expect.poll(() => there.heard.at(-1)).toEqual(changed('avt'));
  });

  describe('is behind a half-open connection', () => {
    /** Two instances on one Redis; `here` reaches it through a proxy that can lose its connections. */
    async function halfOpen() {
      const port = await freePort();
      await startRedis(port);
      const proxy = await proxyTo(port);
      ownHeartbeat();
      const here = instance(proxy.redisUrl, 'avt');
      const there = instance(`redis://127.0.0.1:${port}`, 'avt');
      for (const { heard } of [here, there]) {
        await expect.poll(() => heard).toEqual([MISSED]);
        await expect.poll(() => here.notifications.publish(announcementOf('ready'))).toBeUndefined();
      }
      return { here, there, proxy };
    }

    test('is detected by the next heartbeat, replaced, and what was missed is read again', async () => {
      const { here, there, proxy } = await halfOpen();
      proxy.lose();
      await expect.poll(() => there.notifications.publish(announcementOf('avt'))).toBeUndefined();
      expect(here.heard).toEqual([MISSED]);
      vi.advanceTimersByTime(HEARTBEAT_MS);
      await expect.poll(() => here.relay.isConnected()).toBe(false);
      await expect.poll(() => here.heard).toEqual([MISSED, MISSED]);
      expect(here.relay.isConnected()).toBe(true);
    });

    test('fails a publish, notifies local subscribers all the same, and is replaced', async () => {
      const { here, there, proxy } = await halfOpen();
      proxy.lose();
      const sending = here.notifications.publish(announcementOf('avt'));
      expect(here.heard).toEqual([MISSED, changed('avt')]);
      await expect(sending).rejects.toThrow();
      vi.advanceTimersByTime(HEARTBEAT_MS);
      await expect.poll(() => here.notifications.publish(announcementOf('avt'))).toBeUndefined();
      await expect.poll(() => there.heard.at(-1)).toEqual(changed('avt'));
    });
  });
});
