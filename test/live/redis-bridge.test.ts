import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { announcementOf, changed, instance, MISSED } from '../support/redis-instance.ts';
import { freePort } from '../support/free-port.ts';
import { hasRedisServer, isRedisThere, startRedis } from '../support/redis.ts';

const USUAL = 'redis://127.0.0.1:6379';
const isThere = await isRedisThere(USUAL);
const WAIT = { timeout: 8000, interval: 20 };

describe.skipIf(!isThere)(
  isThere ? `over the Redis at ${USUAL}` : `over Redis (skipped: none at ${USUAL})`,
  () => {
    // Other processes may use the same Redis and channel, so each test has its own avatar.
    async function two() {
      const id = randomUUID();
      const [here, there] = [instance(USUAL, id), instance(USUAL, id)];
      for (const { relay, heard } of [here, there]) {
        await vi.waitFor(() => expect(relay.isConnected()).toBe(true), WAIT);
        await vi.waitFor(() => expect(heard).toContainEqual(MISSED), WAIT);
        heard.length = 0;
      }
      return { id, here, there };
    }

    test('a notification reaches the other instance, and its own listeners once', async () => {
      const { id, here, there } = await two();
      const own: unknown[] = [];
      onTestFinished(here.news.listen('avatarsOf', id)((news) => own.push(news)));
      await here.news.publish({ ...announcementOf(id), ownerId: id });
      expect(own).toEqual([changed(id)]);
      await vi.waitFor(() => expect(there.heard).toEqual([changed(id)]), WAIT);
      // Redis keeps the order: an echo of the first notification would arrive before this one.
      await there.news.publish({ ...announcementOf('avt_2'), ownerId: id });
      await vi.waitFor(() => expect(own).toContainEqual(changed('avt_2')), WAIT);
      expect(own).toEqual([changed(id), changed('avt_2')]);
    });

    test('notifications of generations and owners reach the other instance', async () => {
      const { id, here, there } = await two();
      const told: unknown[] = [];
      const stops = [
        there.news.listen('generation', id)((news) => told.push(['generation', news])),
        there.news.listen('avatarsOf', `owner-${id}`)((news) => told.push(['avatarsOf', news])),
      ];
      onTestFinished(() => stops.forEach((stop) => stop()));
      await here.news.publish({ kind: 'GENERATION', ownerId: `owner-${id}`, entityId: id, version: 1 });
      await here.news.publish({ kind: 'AVATAR', ownerId: `owner-${id}`, entityId: 'avt', version: 1 });
      await vi.waitFor(
        () =>
          expect(told).toEqual([
            ['generation', changed(id)],
            ['avatarsOf', changed('avt')],
          ]),
        WAIT,
      );
    });

    test('an invalid message is ignored, and the next one is delivered', async () => {
      const { id, here, there } = await two();
      const stranger = new Redis(USUAL);
      onTestFinished(() => stranger.disconnect());
      const junk = ['', 'x', '{', 'null', '[]', '7', '{"from":"x"}', '{"__proto__":{"kind":"AVATAR"}}'];
      const odd = { from: 'x', kind: 'OTHER', ownerId: 'o', entityId: id, version: 1 };
      for (const text of [...junk, JSON.stringify(odd)]) await stranger.publish('likeness:news', text);
      await here.news.publish(announcementOf(id));
      await vi.waitFor(() => expect(there.heard).toEqual([changed(id)]), WAIT);
    });
  },
);

describe.skipIf(!hasRedisServer)(
  hasRedisServer ? 'over a Redis that comes and goes' : 'over Redis (skipped: no redis-server program here)',
  () => {
    test('absent at the start: notifications stay local, one warning is logged, and sharing begins later', async () => {
      const port = await freePort();
      const here = instance(`redis://127.0.0.1:${port}`, 'avt');
      await vi.waitFor(() => expect(here.log.lines).toHaveLength(1), WAIT);
      await expect(here.news.publish(announcementOf('avt'))).rejects.toThrow();
      expect(here.heard).toEqual([changed('avt')]);
      expect(here.relay.isConnected()).toBe(false);

      await startRedis(port);
      const there = instance(`redis://127.0.0.1:${port}`, 'avt');
      await vi.waitFor(() => expect(here.heard).toEqual([changed('avt'), MISSED]), WAIT);
      await vi.waitFor(() => expect(there.heard).toEqual([MISSED]), WAIT);
      await vi.waitFor(() => expect(here.relay.isConnected()).toBe(true), WAIT);
      await vi.waitFor(
        () => expect(here.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']),
        WAIT,
      );
      await vi.waitFor(() => there.news.publish(announcementOf('avt')), WAIT);
      await vi.waitFor(() => expect(here.heard.at(-1)).toEqual(changed('avt')), WAIT);
    });

    test('restarted: notifications stay local, and afterwards every listener reads again', async () => {
      const port = await freePort();
      const url = `redis://127.0.0.1:${port}`;
      const first = await startRedis(port);
      const [here, there] = [instance(url, 'avt'), instance(url, 'avt')];
      for (const { heard } of [here, there]) await vi.waitFor(() => expect(heard).toEqual([MISSED]), WAIT);

      await first.stop();
      for (const { relay } of [here, there]) {
        await vi.waitFor(() => expect(relay.isConnected()).toBe(false), WAIT);
      }
      await expect(here.news.publish(announcementOf('avt'))).rejects.toThrow();
      expect(here.heard).toEqual([MISSED, changed('avt')]);
      expect(there.heard).toEqual([MISSED]);

      await startRedis(port);
      await vi.waitFor(() => expect(there.heard).toEqual([MISSED, MISSED]), WAIT);
      await vi.waitFor(() => expect(here.heard).toEqual([MISSED, changed('avt'), MISSED]), WAIT);
      await vi.waitFor(() => here.news.publish(announcementOf('avt')), WAIT);
      await vi.waitFor(() => expect(there.heard.at(-1)).toEqual(changed('avt')), WAIT);
    });

    test('a closed bridge does not reconnect', async () => {
      const port = await freePort();
      const here = instance(`redis://127.0.0.1:${port}`, 'avt');
      await vi.waitFor(() => expect(here.log.lines).toHaveLength(1), WAIT);
      here.relay.close();
      const redis = await startRedis(port);
      const watcher = new Redis(port, '127.0.0.1');
      onTestFinished(() => watcher.disconnect());
      expect(await watcher.pubsub('NUMSUB', 'likeness:news')).toEqual(['likeness:news', 0]);
      expect(here.relay.isConnected()).toBe(false);
      await redis.stop();
    });
  },
);
