import { describe, expect, test } from 'vitest';
import { Notifications, type WatchEvent } from '../../src/live/notifications.ts';
import type { Notification } from '../../src/jobs/publish-outbox.ts';

const AVATAR: Notification = { kind: 'AVATAR', ownerId: 'ada', entityId: 'avt_1', version: 2 };
const GENERATION: Notification = { kind: 'GENERATION', ownerId: 'ada', entityId: 'gen_1', version: 2 };

function fixture() {
  const notifications = new Notifications();
  const heard: [string, WatchEvent][] = [];
  const listen = (channel: Parameters<Notifications['listen']>[0], id: string) =>
    notifications.listen(channel, id)((item) => heard.push([`${channel} ${id}`, item]));
  return { notifications, heard, listen };
}

describe('a notification', () => {
  test('of an avatar reaches listeners of the avatar and of its owner', async () => {
    const { notifications, heard, listen } = fixture();
    listen('avatar', 'avt_1');
    listen('avatarsOf', 'ada');
    listen('avatar', 'avt_2');
    listen('avatarsOf', 'bob');
    listen('generation', 'avt_1');
    await notifications.publish(AVATAR);
    const changed = { kind: 'changed', entityId: 'avt_1' };
    expect(heard).toEqual([
      ['avatar avt_1', changed],
      ['avatarsOf ada', changed],
    ]);
  });

  test('of a generation reaches listeners of the generation', async () => {
    const { notifications, heard, listen } = fixture();
    listen('generation', 'gen_1');
    listen('avatarsOf', 'ada');
    listen('avatar', 'gen_1');
    await notifications.publish(GENERATION);
    expect(heard).toEqual([['generation gen_1', { kind: 'changed', entityId: 'gen_1' }]]);
  });

  test('of a photo set reaches listeners of the photo set', async () => {
    const { notifications, heard, listen } = fixture();
    listen('photoSet', 'avt_1');
    listen('avatar', 'avt_1');
    listen('avatarsOf', 'ada');
    await notifications.publish({ ...AVATAR, kind: 'PHOTO_SET' });
    expect(heard).toEqual([['photoSet avt_1', { kind: 'changed', entityId: 'avt_1' }]]);
  });

  test('of an avatar or generation reaches listeners of the changes of its owner', async () => {
    const { notifications, heard, listen } = fixture();
    listen('changesOf', 'ada');
    listen('changesOf', 'bob');
    await notifications.publish(AVATAR);
    await notifications.publish(GENERATION);
    expect(heard).toEqual([
      ['changesOf ada', { kind: 'changed', entityId: 'avt_1' }],
      ['changesOf ada', { kind: 'changed', entityId: 'gen_1' }],
    ]);
  });

  test('reaches a listener at once', () => {
    const { notifications, heard, listen } = fixture();
    listen('avatar', 'avt_1');
    notifications.deliver(AVATAR);
    expect(heard).toHaveLength(1);
  });

  test('reaches the same listener ten thousand times', () => {
    const { notifications, heard, listen } = fixture();
    listen('avatar', 'avt_1');
    for (let count = 0; count < 10_000; count++) notifications.deliver(AVATAR);
    expect(heard).toHaveLength(10_000);
  });

  test('reaches this process before the others, also when those are unreachable', async () => {
    const { notifications, heard, listen } = fixture();
    listen('avatar', 'avt_1');
    const relayed: [Notification, number][] = [];
    notifications.relayThrough((announcement) => {
      relayed.push([announcement, heard.length]);
      return Promise.reject(new Error('no connection'));
    });
    await expect(notifications.publish(AVATAR)).rejects.toThrow('no connection');
    expect(relayed).toEqual([[AVATAR, 1]]);
  });

  test('that is retried to others reaches this process once', async () => {
    const { notifications, heard, listen } = fixture();
    listen('avatar', 'avt_1');
    const relayed: number[] = [];
    let isThere = false;
    notifications.relayThrough(({ version }) => {
      relayed.push(version);
      return isThere ? Promise.resolve() : Promise.reject(new Error('no connection'));
    });
    for (let count = 0; count < 3; count++) await expect(notifications.publish(AVATAR)).rejects.toThrow();
    expect(heard).toHaveLength(1);
    // A newer version is delivered, and includes the older one.
    await expect(notifications.publish({ ...AVATAR, version: 3 })).rejects.toThrow();
    expect(heard).toHaveLength(2);
    isThere = true;
    await notifications.publish(AVATAR);
    await notifications.publish({ ...AVATAR, version: 3 });
    expect(heard).toHaveLength(2);
    expect(relayed).toEqual([2, 2, 2, 3, 2, 3]);
    // Everything was relayed, so nothing is a retry any more.
    await notifications.publish({ ...AVATAR, version: 3 });
    expect(heard).toHaveLength(3);
  });

  test('from another instance is not relayed', () => {
    const { notifications, heard, listen } = fixture();
    listen('avatar', 'avt_1');
    notifications.relayThrough(() => Promise.reject(new Error('an endless loop')));
    notifications.deliver(AVATAR);
    expect(heard).toHaveLength(1);
  });
});

test('an id with a colon is no topic of another kind', async () => {
  const { notifications, heard, listen } = fixture();
  listen('avatar', 'a:b');
  await notifications.publish({ ...AVATAR, entityId: 'a', ownerId: 'b' });
  expect(heard).toEqual([]);
  await notifications.publish({ ...AVATAR, entityId: 'a:b' });
  expect(heard).toHaveLength(1);
});

test('after a possible loss every listener is notified once', () => {
  const { notifications, heard, listen } = fixture();
  listen('avatar', 'avt_1');
  listen('avatarsOf', 'ada');
  listen('generation', 'gen_1');
  notifications.deliverToAll();
  expect(heard.map(([, item]) => item)).toEqual(Array(3).fill({ kind: 'missed' }));
});

test('when the server closes every listener is notified once', () => {
  const { notifications, heard, listen } = fixture();
  listen('avatar', 'avt_1');
  listen('avatarsOf', 'ada');
  notifications.close();
  expect(heard.map(([, item]) => item)).toEqual(Array(2).fill({ kind: 'closing' }));
});

test('a stopped listener is removed', () => {
  const { notifications, heard, listen } = fixture();
  const stops = [listen('avatar', 'avt_1'), listen('avatar', 'avt_1'), listen('avatarsOf', 'ada')];
  expect(notifications.listeners).toBe(3);
  for (const stop of stops) stop();
  expect(notifications.listeners).toBe(0);
  notifications.deliver(AVATAR);
  notifications.deliverToAll();
  expect(heard).toEqual([]);
});

describe('a listener', () => {
  test('is called after those that listened before it', () => {
    const { notifications, heard, listen } = fixture();
    listen('avatarsOf', 'ada');
    listen('avatar', 'avt_1');
    const order: string[] = [];
    for (const name of ['first', 'second']) notifications.listen('avatar', 'avt_1')(() => order.push(name));
    notifications.deliver(AVATAR);
    expect(order).toEqual(['first', 'second']);
    expect(heard).toHaveLength(2);
  });

  test('that stops is removed alone, also when it stops twice', () => {
    const { notifications, heard, listen } = fixture();
    const stop = listen('avatar', 'avt_1');
    listen('avatar', 'avt_1');
    stop();
    stop();
    expect(notifications.listeners).toBe(1);
    notifications.deliver(AVATAR);
    expect(heard).toHaveLength(1);
  });

  test('is called once for each time that it listens', () => {
    const { notifications } = fixture();
    let calls = 0;
    const listener = () => (calls += 1);
    const stops = [1, 2].map(() => notifications.listen('avatar', 'avt_1')(listener));
    for (const expected of [2, 3, 3]) {
      notifications.deliver(AVATAR);
      expect(calls).toBe(expected);
      stops.pop()?.();
    }
  });

  test('may stop itself and others during a call', () => {
    const { notifications, heard, listen } = fixture();
    const stops = [listen('avatar', 'avt_1')];
    notifications.listen('avatar', 'avt_1')(() => stops.forEach((stop) => stop()));
    stops.push(listen('avatar', 'avt_1'));
    notifications.deliver(AVATAR);
    notifications.deliver(AVATAR);
    expect(heard).toHaveLength(1);
    expect(notifications.listeners).toBe(1);
  });
});

test('no more than 10,000 versions whose relay failed are remembered', async () => {
  const { notifications, heard, listen } = fixture();
  notifications.relayThrough(() => Promise.reject(new Error('no connection')));
  const retry = (index: number) =>
    notifications.publish({ ...AVATAR, entityId: `avt_${index}` }).catch(() => 'failed');
  for (let index = 0; index <= 10_000; index++) await retry(index);
  for (const index of [10_000, 0]) listen('avatar', `avt_${index}`);
  expect(await retry(10_000)).toBe('failed');
  expect(heard).toEqual([]);
  expect(await retry(0)).toBe('failed');
  expect(heard).toHaveLength(1);
});
