import { afterEach, describe, expect, test, vi } from 'vitest';
import { announcementOf, changed, instance, MISSED } from '../support/redis-instance.ts';
import { freePort } from '../support/free-port.ts';
import { hasRedisServer, losingProxy, startRedis } from '../support/redis.ts';

const HEARTBEAT_MS = 10_000;
const WAIT = { timeout: 6000, interval: 20 };

afterEach(() => {
  vi.useRealTimers();
});

/** Two instances on one Redis; everything of `here` goes through a proxy that can lose its connections. */
async function stage() {
  const port = await freePort();
  await startRedis(port);
  const proxy = await losingProxy(port);
  // Only the heartbeat's clock is the test's; connections and their timeouts have the real one.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const here = instance(proxy.url, 'avt');
  const there = instance(`redis://127.0.0.1:${port}`, 'avt');
  for (const { heard } of [here, there]) {
    await vi.waitFor(() => expect(heard).toEqual([MISSED]), WAIT);
    await vi.waitFor(() => here.news.publish(announcementOf('ready')), WAIT);
  }
  return { here, there, proxy };
}

describe.skipIf(!hasRedisServer)(
  hasRedisServer
    ? 'a connection to Redis that is only half there'
    : 'Redis (skipped: no redis-server program here)',
  () => {
    test('is noticed by the next heartbeat, replaced, and what was missed is read again', async () => {
      const { here, there, proxy } = await stage();
      proxy.lose();
      await vi.waitFor(() => there.news.publish(announcementOf('avt')), WAIT);
      expect(here.heard).toEqual([MISSED]);
      vi.advanceTimersByTime(HEARTBEAT_MS);
      await vi.waitFor(() => expect(here.relay.isConnected()).toBe(false), WAIT);
      await vi.waitFor(() => expect(here.heard).toEqual([MISSED, MISSED]), WAIT);
      expect(here.relay.isConnected()).toBe(true);
    });

    test('fails what is sent over it, tells this instance all the same, and is replaced', async () => {
      const { here, there, proxy } = await stage();
      proxy.lose();
      const sending = here.news.publish(announcementOf('avt'));
      expect(here.heard).toEqual([MISSED, changed('avt')]);
      await expect(sending).rejects.toThrow();
      vi.advanceTimersByTime(HEARTBEAT_MS);
      await vi.waitFor(() => here.news.publish(announcementOf('avt')), WAIT);
      await vi.waitFor(() => expect(there.heard.at(-1)).toEqual(changed('avt')), WAIT);
    });
  },
);
