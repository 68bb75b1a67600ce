import { afterEach, describe, expect, test } from 'vitest';
import { parse, subscribe, type DocumentNode, type ExecutionResult } from 'graphql';
import { setImmediate as turn } from 'node:timers/promises';
import { avatarRow } from '../support/rows.ts';
import { KeyedSemaphore } from '../../src/async/keyed-semaphore.ts';
import { Notifications } from '../../src/live/notifications.ts';
import { schema } from '../../src/graphql/schema.ts';
import { SharedFeeds } from '../../src/graphql/shared-feeds.ts';
import type { Avatar } from '../../src/generated/prisma/client.ts';
import type { Context } from '../../src/graphql/context.ts';

const ID = 'avt_00000000000070008000000000000000';
const BY_VARIABLES = parse(
  'subscription ($id: ID!, $after: Int, $withName: Boolean = false) { avatarStatus(avatarId: $id, afterVersion: $after) { id version name @include(if: $withName) } }',
);

const BY_AFTER = parse(
  `subscription ($after: Int = 0) { avatarStatus(avatarId: "${ID}", afterVersion: $after) { id generations(first: $after) { edges { cursor } } } }`,
);

const left: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const leave of left.splice(0)) await leave();
});

/** Subscribers of one server, where ada and bob have an avatar with the same id. */
function stage({ streamsPerOwner = null }: { readonly streamsPerOwner?: number | null } = {}) {
  const notifications = new Notifications();
  const streams = new KeyedSemaphore(streamsPerOwner);
  const sharedFeeds = new SharedFeeds();
  const row = { version: 1 };
  const reads: string[] = [];
  const encoded: ExecutionResult[] = [];
  const avatar = (ownerId: string, id: string) => {
    reads.push(ownerId);
    const found = { ...avatarRow(id), ownerId, name: `${ownerId}’s`, version: row.version } as Avatar;
    return Promise.resolve(['ada', 'bob'].includes(ownerId) && id === ID ? found : null);
  };
  const watch = async (
    ownerId: string,
    document: DocumentNode,
    variables: Record<string, unknown> = {},
    expiresAt: number | null = null,
    host = 'avatars.example',
  ) => {
    const events: unknown[] = [];
    const contextValue = {
      notifications,
      prisma: {},
      rows: { avatar, generationsOf: () => Promise.resolve([]) },
      streams,
      viewer: { ownerId, expiresAt },
      host,
      sink: {
        sharedFeeds,
        variables,
        encode: (result: ExecutionResult) => {
          encoded.push(result);
          return Buffer.from(JSON.stringify(result));
        },
        onOpen: () => undefined,
        take: (event: Buffer) => {
          events.push(JSON.parse(event.toString()));
          return true;
        },
      },
    } as unknown as Context;
    const stream = await subscribe({ schema, document, variableValues: variables, contextValue });
    if (!(Symbol.asyncIterator in stream)) return stream;
    left.push(() => stream.return(undefined));
    return events;
  };
  const settled = async () => {
    for (let turns = 0; turns < 20; turns += 1) await turn();
  };
  const change = async () => {
    row.version += 1;
    notifications.deliver({ kind: 'AVATAR', ownerId: 'ada', entityId: ID, version: row.version });
    await settled();
  };
  return { watch, settled, change, reads, encoded };
}

const event = (version: number, more: object = {}) => ({
  data: { avatarStatus: { id: ID, version, ...more } },
});

test('subscribers with the same operation share its execution, whatever version they have', async () => {
  const { watch, change, settled, encoded, reads } = stage();
  const all = await Promise.all([
    watch('ada', BY_VARIABLES, { id: ID }),
    watch('ada', BY_VARIABLES, { id: ID, after: 0 }),
    watch('ada', BY_VARIABLES, { id: ID, after: 1 }),
  ]);
  await settled();
  expect([encoded.length, reads.length]).toEqual([1, 1]);
  await change();
  expect([encoded.length, reads.length]).toEqual([2, 2]);
  expect(all).toEqual([[event(1), event(2)], [event(1), event(2)], [event(2)]]);
});

test('nobody shares with another owner, although document and variables are the same', async () => {
  const { watch, change, settled, encoded } = stage();
  const variables = { id: ID, withName: true };
  const [ada, bob, eve] = await Promise.all([
    watch('ada', BY_VARIABLES, variables),
    watch('bob', BY_VARIABLES, variables),
    watch('eve', BY_VARIABLES, variables),
  ]);
  await settled();
  await change();
  expect(ada).toEqual([event(1, { name: 'ada’s' }), event(2, { name: 'ada’s' })]);
  expect(bob).toEqual([event(1, { name: 'bob’s' }), event(2, { name: 'bob’s' })]);
  expect(eve).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' }, path: ['avatarStatus'] }] });
  expect(encoded.length).toBe(4);
});

test('an event shows nothing of the viewer but the owner: two tokens of one owner share', async () => {
  const { watch, settled, encoded } = stage();
  const later = Date.now() + 60_000;
  await Promise.all([
    watch('ada', BY_VARIABLES, { id: ID }, later),
    watch('ada', BY_VARIABLES, { id: ID }, later + 1000),
  ]);
  await settled();
  expect(encoded.length).toBe(1);
});

type Watched = Parameters<ReturnType<typeof stage>['watch']>;

describe('subscribers share nothing', () => {
  test.each<[why: string, one: Watched, other: Watched]>([
    [
      'with other variables',
      ['ada', BY_VARIABLES, { id: ID, withName: true }],
      ['ada', BY_VARIABLES, { id: ID, withName: false }],
    ],
    [
      'under another host name, which may be in URLs',
      ['ada', BY_VARIABLES, { id: ID }, null],
      ['ada', BY_VARIABLES, { id: ID }, null, 'evil.example'],
    ],
    [
      'with another document',
      ['ada', BY_VARIABLES, { id: ID }],
      ['ada', parse(`subscription { avatarStatus(avatarId: "${ID}") { id } }`)],
    ],
    ['when the version they have selects fields', ['ada', BY_AFTER], ['ada', BY_AFTER, { after: null }]],
  ])('%s', async (_why, one, other) => {
    const { watch, settled, encoded } = stage();
    await watch(...one);
    await watch(...other);
    await settled();
    expect(encoded.length).toBe(2);
  });
});

test('each subscriber takes a place of its owner, and gives it back when it ends or never begins', async () => {
  const { watch } = stage({ streamsPerOwner: 2 });
  const tooMany = { errors: [{ extensions: { code: 'LIMIT_EXCEEDED' } }] };
  for (const id of ['nonsense', ID.replace(/0$/, '1'), ID.replace('avt', 'gen')]) {
    const nothing = await watch('ada', BY_VARIABLES, { id });
    expect(nothing).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  }
  const subscribeOnce = () => watch('ada', BY_VARIABLES, { id: ID });
  expect([await subscribeOnce(), await subscribeOnce()]).toEqual([expect.any(Array), expect.any(Array)]);
  expect(await subscribeOnce()).toMatchObject(tooMany);
  expect(await watch('bob', BY_VARIABLES, { id: ID })).toEqual(expect.any(Array));

  await left.shift()?.();
  expect(await subscribeOnce()).toEqual(expect.any(Array));
  expect(await subscribeOnce()).toMatchObject(tooMany);
});
