import { describe, expect, test } from 'vitest';
import { Notifications } from '../../src/live/notifications.ts';
import type { Notification } from '../../src/jobs/publish-outbox.ts';
import type { WatchEvent } from '../../src/live/watch.ts';

const AVATAR: Notification = { kind: 'AVATAR', ownerId: 'ada', entityId: 'avt_1', version: 2 };
const GENERATION: Notification = { kind: 'GENERATION', ownerId: 'ada', entityId: 'gen_1', version: 2 };

function stage() {
  const news = new Notifications();
  const heard: [string, WatchEvent][] = [];
  const listen = (channel: Parameters<Notifications['listen']>[0], id: string) =>
    news.listen(channel, id)((item) => heard.push([`${channel} ${id}`, item]));
  return { news, heard, listen };
}

describe('an announcement', () => {
  test('of an avatar wakes those who watch it and those who watch its owner', async () => {
    const { news, heard, listen } = stage();
    listen('avatar', 'avt_1');
    listen('avatarsOf', 'ada');
    listen('avatar', 'avt_2');
    listen('avatarsOf', 'bob');
    listen('generation', 'avt_1');
    await news.publish(AVATAR);
    const told = { kind: 'changed', entityId: 'avt_1' };
    expect(heard).toEqual([
      ['avatar avt_1', told],
      ['avatarsOf ada', told],
    ]);
  });

  test('of a generation wakes those who watch it', async () => {
    const { news, heard, listen } = stage();
    listen('generation', 'gen_1');
    listen('avatarsOf', 'ada');
    listen('avatar', 'gen_1');
    await news.publish(GENERATION);
    expect(heard).toEqual([['generation gen_1', { kind: 'changed', entityId: 'gen_1' }]]);
  });

  test('is heard from the moment listening began, before anything is pulled', () => {
    const { news, heard, listen } = stage();
    listen('avatar', 'avt_1');
    news.deliver(AVATAR);
    expect(heard).toHaveLength(1);
  });

  test('comes ten thousand times to one who never pulls, and nothing breaks', () => {
    const { news, heard, listen } = stage();
    listen('avatar', 'avt_1');
    for (let count = 0; count < 10_000; count++) news.deliver(AVATAR);
    expect(heard).toHaveLength(10_000);
  });

  test('wakes this process before it goes to the others, and also when that fails', async () => {
    const { news, heard, listen } = stage();
    listen('avatar', 'avt_1');
    const relayed: [Notification, number][] = [];
    news.relayThrough((announcement) => {
      relayed.push([announcement, heard.length]);
      return Promise.reject(new Error('no connection'));
    });
    await expect(news.publish(AVATAR)).rejects.toThrow('no connection');
    expect(relayed).toEqual([[AVATAR, 1]]);
  });

  test('whose relay failed wakes this process once, however often it is tried again', async () => {
    const { news, heard, listen } = stage();
    listen('avatar', 'avt_1');
    const relayed: number[] = [];
    let isThere = false;
    news.relayThrough(({ version }) => {
      relayed.push(version);
      return isThere ? Promise.resolve() : Promise.reject(new Error('no connection'));
    });
    for (let count = 0; count < 3; count++) await expect(news.publish(AVATAR)).rejects.toThrow();
    expect(heard).toHaveLength(1);
    // Something new wakes it, and what is older than that is known by then.
    await expect(news.publish({ ...AVATAR, version: 3 })).rejects.toThrow();
    expect(heard).toHaveLength(2);
    isThere = true;
    await news.publish(AVATAR);
    await news.publish({ ...AVATAR, version: 3 });
    expect(heard).toHaveLength(2);
    expect(relayed).toEqual([2, 2, 2, 3, 2, 3]);
    // All were told: from now on nothing is a repetition.
    await news.publish({ ...AVATAR, version: 3 });
    expect(heard).toHaveLength(3);
  });

  test('that came from another instance is not sent on', () => {
    const { news, heard, listen } = stage();
    listen('avatar', 'avt_1');
    news.relayThrough(() => Promise.reject(new Error('it would go round for ever')));
    news.deliver(AVATAR);
    expect(heard).toHaveLength(1);
  });
});

test('ids are texts: one with a colon is not the topic of another kind', async () => {
  const { news, heard, listen } = stage();
  listen('avatar', 'a:b');
  await news.publish({ ...AVATAR, entityId: 'a', ownerId: 'b' });
  expect(heard).toEqual([]);
  await news.publish({ ...AVATAR, entityId: 'a:b' });
  expect(heard).toHaveLength(1);
});

test('when news may have been missed everyone is told, once', () => {
  const { news, heard, listen } = stage();
  listen('avatar', 'avt_1');
  listen('avatarsOf', 'ada');
  listen('generation', 'gen_1');
  news.deliverToAll();
  expect(heard.map(([, item]) => item)).toEqual(Array(3).fill({ kind: 'missed' }));
});

test('when the server closes everyone is told, once', () => {
  const { news, heard, listen } = stage();
  listen('avatar', 'avt_1');
  listen('avatarsOf', 'ada');
  news.close();
  expect(heard.map(([, item]) => item)).toEqual(Array(2).fill({ kind: 'closing' }));
});

test('who stopped listening hears nothing and is counted no more', () => {
  const { news, heard, listen } = stage();
  const stops = [listen('avatar', 'avt_1'), listen('avatar', 'avt_1'), listen('avatarsOf', 'ada')];
  expect(news.listeners).toBe(3);
  for (const stop of stops) stop();
  expect(news.listeners).toBe(0);
  news.deliver(AVATAR);
  news.deliverToAll();
  expect(heard).toEqual([]);
});

test('no more than 10,000 versions whose relay failed are remembered', async () => {
  const { news, heard, listen } = stage();
  news.relayThrough(() => Promise.reject(new Error('no connection')));
  const retry = (index: number) =>
    expect(news.publish({ ...AVATAR, entityId: `avt_${index}` })).rejects.toThrow('no connection');
  for (let index = 0; index <= 10_000; index++) await retry(index);
  for (const index of [10_000, 0]) listen('avatar', `avt_${index}`);
  await retry(10_000);
  expect(heard).toEqual([]);
  await retry(0);
  expect(heard).toHaveLength(1);
});
