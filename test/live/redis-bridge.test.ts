import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { announcementOf, changed, instance, MISSED } from '../support/redis-instance.ts';
import { freePort } from '../support/free-port.ts';
import { NOTIFICATION_KINDS } from '../../src/jobs/publish-outbox.ts';
import { hasRedisServer, startRedis } from '../support/redis.ts';

describe.skipIf(!hasRedisServer)(
  hasRedisServer ? 'over Redis' : 'over Redis (skipped: no redis-server program here)',
  () => {
    async function two() {
      const { url } = await startRedis(await freePort());
      const id = 'avt_1';
      const [here, there] = [instance(url, id), instance(url, id)];
      for (const { relay, heard } of [here, there]) {
        await expect.poll(() => relay.isConnected()).toBe(true);
        await expect.poll(() => heard).toContainEqual(MISSED);
        heard.length = 0;
      }
      return { url, id, here, there };
    }

    test('a notification reaches the other instance, and its own listeners once', async () => {
      const { id, here, there } = await two();
      const own: unknown[] = [];
      onTestFinished(here.notifications.listen('avatarsOf', id)((event) => own.push(event)));
      await here.notifications.publish({ ...announcementOf(id), ownerId: id });
      expect(own).toEqual([changed(id)]);
      await expect.poll(() => there.heard).toEqual([changed(id)]);
      // Redis keeps the order: an echo of the first notification would arrive before this one.
      await there.notifications.publish({ ...announcementOf('avt_2'), ownerId: id });
      await expect.poll(() => own).toContainEqual(changed('avt_2'));
      expect(own).toEqual([changed(id), changed('avt_2')]);
    });

    test.each(NOTIFICATION_KINDS)(
      'a notification of the kind %s reaches the other instance',
      async (kind) => {
        const { id, here, there } = await two();
        const ownerId = `owner-${id}`;
        const heard: unknown[] = [];
        onTestFinished(there.notifications.listen('changesOf', ownerId)((event) => heard.push(event)));
        await here.notifications.publish({ kind, ownerId, entityId: id, version: 1 });
        await expect.poll(() => heard).toEqual([changed(id)]);
      },
    );

    test('an invalid message is ignored, and the next one is delivered', async () => {
      const { url, id, here, there } = await two();
      const stranger = new Redis(url);
      onTestFinished(() => stranger.disconnect());
      const junk = ['', 'x', '{', 'null', '[]', '7', '{"from":"x"}', '{"__proto__":{"kind":"AVATAR"}}'];
      const odd = { from: 'x', kind: 'OTHER', ownerId: 'o', entityId: id, version: 1 };
      for (const text of [...junk, JSON.stringify(odd)]) await stranger.publish('likeness:news', text);
      await here.notifications.publish(announcementOf(id));
      await expect.poll(() => there.heard).toEqual([changed(id)]);
    });

    test('absent at the start: notifications stay local, one warning is logged, and sharing begins later', async () => {
      const port = await freePort();
      const here = instance(`redis://127.0.0.1:${port}`, 'avt');
      await expect.poll(() => here.log.lines).toHaveLength(1);
      await expect(here.notifications.publish(announcementOf('avt'))).rejects.toThrow();
      expect(here.heard).toEqual([changed('avt')]);
      expect(here.relay.isConnected()).toBe(false);

      await startRedis(port);
      const there = instance(`redis://127.0.0.1:${port}`, 'avt');
      await expect.poll(() => here.heard).toEqual([changed('avt'), MISSED]);
      await expect.poll(() => there.heard).toEqual([MISSED]);
      await expect.poll(() => here.relay.isConnected()).toBe(true);
      await expect.poll(() => here.log.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
      await expect.poll(() => there.notifications.publish(announcementOf('avt'))).toBeUndefined();
      await expect.poll(() => here.heard.at(-1)).toEqual(changed('avt'));
    });

    test('restarted: notifications stay local, and afterwards every listener reads again', async () => {
      const port = await freePort();
      const url = `redis://127.0.0.1:${port}`;
      const first = await startRedis(port);
      const [here, there] = [instance(url, 'avt'), instance(url, 'avt')];
      for (const { heard } of [here, there]) await expect.poll(() => heard).toEqual([MISSED]);

      await first.stop();
      for (const { relay } of [here, there]) {
        await expect.poll(() => relay.isConnected()).toBe(false);
      }
      await expect(here.notifications.publish(announcementOf('avt'))).rejects.toThrow();
      expect(here.heard).toEqual([MISSED, changed('avt')]);
      expect(there.heard).toEqual([MISSED]);

      await startRedis(port);
      await expect.poll(() => there.heard).toEqual([MISSED, MISSED]);
      await expect.poll(() => here.heard).toEqual([MISSED, changed('avt'), MISSED]);
      await expect.poll(() => here.notifications.publish(announcementOf('avt'))).toBeUndefined();
      await expect.poll(() => there.heard.at(-1)).toEqual(changed('avt'));
    });

    test('a closed bridge does not reconnect', async () => {
      const port = await freePort();
      const here = instance(`redis://127.0.0.1:${port}`, 'avt');
      await expect.poll(() => here.log.lines).toHaveLength(1);
      here.relay.close();
      const { url } = await startRedis(port);
      const there = instance(url, 'avt');
      await expect.poll(() => there.relay.isConnected()).toBe(true);
      const watcher = new Redis(url);
      onTestFinished(() => watcher.disconnect());
      expect(await watcher.pubsub('NUMSUB', 'likeness:news')).toEqual(['likeness:news', 1]);
      expect(here.relay.isConnected()).toBe(false);
    });
  },
);
