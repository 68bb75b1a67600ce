import { afterAll, expect, test } from 'vitest';
import { parse, subscribe } from 'graphql';
import { avatarRow } from '../support/rows.ts';
import { createRowReads } from '../../src/db/reads/row-reads.ts';
import { freshDatabase } from '../support/database.ts';
import { KeyedSemaphore } from '../../src/async/keyed-semaphore.ts';
import { Notifications } from '../../src/live/notifications.ts';
import { schema } from '../../src/graphql/schema.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma, pool } = database;

test('a notification about the avatar of another owner sends a subscriber nothing', async () => {
  const [first, foreign, second] = ['1', '2', '3'].map((digit) => `avt_${digit.repeat(32)}`);
  const add = (id = '', ownerId: string) =>
    prisma.avatar.create({ data: { ...avatarRow(id), ownerId, name: id } });
  await add(first, 'ada');
  await add(foreign, 'bob');
  const notifications = new Notifications();
  const notify = (entityId = '') =>
    notifications.deliver({ kind: 'AVATAR', ownerId: 'ada', entityId, version: 1 });
  const stream = await subscribe({
    schema,
    document: parse('subscription { avatarStatus { name } }'),
    contextValue: {
      prisma,
      rows: createRowReads(pool),
      notifications,
      streams: new KeyedSemaphore(null),
      viewer: { ownerId: 'ada', expiresAt: null },
    },
  });
  if (!(Symbol.asyncIterator in stream)) throw new Error(JSON.stringify(stream));
  const next = async (): Promise<unknown> => (await stream.next()).value;
  expect(await next()).toEqual({ data: { avatarStatus: { name: first } } });

  notify(foreign);
  await add(second, 'ada');
  notify(second);

  expect(await next()).toEqual({ data: { avatarStatus: { name: second } } });
  await stream.return(undefined);
});
