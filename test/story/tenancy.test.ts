import { afterAll, describe, expect, test } from 'vitest';
import {
  AnyNodeDocument,
  AvatarByIdDocument,
  AvatarsDocument,
  CancelTrainingDocument,
  CreateAvatarDocument,
  DeleteAvatarDocument,
  GenerateImageDocument,
  GenerationByIdDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { avatarNow } from '../support/held-runs.ts';
import { generate, newAvatar, photos, startTraining, trainedAvatar } from '../support/api-steps.ts';
import { JWT_SECRET, tokenOf, unsignedTokenOf } from '../support/tokens.ts';
import { startTestApp } from '../support/test-app.ts';
import { randomUUID } from 'node:crypto';
import type { Answer, CallOptions } from '../support/graphql-call.ts';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => app.close());

const [alice, bob] = await Promise.all([tokenOf('alice'), tokenOf('bob')]);
const hers = await trainedAvatar(app, { trainingType: 'STYLE' }, { token: alice });
const herImage = await generate(app, { avatarId: hers.id, waitSeconds: 20 }, { token: alice });

/** An id of the same kind that names nothing. */
function nobodys(id: string): string {
  return `${id.slice(0, 4)}${randomUUID().replaceAll('-', '')}`;
}

const imagesUrl = photos();
const OPERATIONS: [
  name: string,
  ask: (id: string, as: CallOptions) => Promise<Answer<unknown>>,
  id: string,
][] = [
  ['avatar', (id, as) => app.ask(AvatarByIdDocument, { id }, as), hers.id],
  ['generation', (id, as) => app.ask(GenerationByIdDocument, { id }, as), herImage.id],
  ['node of an avatar', (id, as) => app.ask(AnyNodeDocument, { id }, as), hers.id],
  ['node of a generation', (id, as) => app.ask(AnyNodeDocument, { id }, as), herImage.id],
  [
    'startTraining',
    (avatarId, as) => app.ask(StartTrainingDocument, { input: { avatarId, imagesUrl } }, as),
    hers.id,
  ],
  ['cancelTraining', (avatarId, as) => app.ask(CancelTrainingDocument, { input: { avatarId } }, as), hers.id],
  ['deleteAvatar', (avatarId, as) => app.ask(DeleteAvatarDocument, { input: { avatarId } }, as), hers.id],
  [
    'generateImage',
    (avatarId, as) => app.ask(GenerateImageDocument, { input: { avatarId, prompt: 'tea' } }, as),
    hers.id,
  ],
  ['avatars after a cursor', (after, as) => app.ask(AvatarsDocument, { first: 5, after }, as), hers.id],
];

describe('what is somebody else’s is answered byte for byte like what does not exist', () => {
  test.each(OPERATIONS)('%s', async (_name, ask, id) => {
    const nobody = nobodys(id);

    const foreign = await ask(id, { token: bob });
    const absent = await ask(nobody, { token: bob });

    expect(foreign.text.replaceAll(id, nobody)).toBe(absent.text);
    expect(foreign.status).toBe(absent.status);
    expect(headersOf(foreign)).toEqual(headersOf(absent));
    expect(foreign.text).not.toMatch(/INTERNAL/);
    expect(await avatarNow(app, hers.id, alice)).toEqual(hers);
  });

  test.each(['ws', 'sse'] as const)('subscriptions over %s', async (over) => {
    const refusal = async (avatarId: string, generationId: string) => {
      const watches = [
        app.avatarStatus({ avatarId }, { over, token: bob }),
        app.generationStatus({ generationId }, { over, token: bob }),
      ];
      return Promise.all(watches.map((watch) => watch.refused()));
    };

    const foreign = await refusal(hers.id, herImage.id);

    expect(foreign).toEqual(await refusal(nobodys(hers.id), nobodys(herImage.id)));
    expect(foreign).toMatchObject([
      [{ extensions: { code: 'NOT_FOUND' } }],
      [{ extensions: { code: 'NOT_FOUND' } }],
    ]);
  });
});

test.each(['ws', 'sse'] as const)('a watcher of everything sees only its own, over %s', async (over) => {
  const his = await newAvatar(app, { name: 'Bob' }, { token: bob });
  const watch = app.avatarStatus({}, { over, token: bob });
  await watch.until(({ id }) => id === his.id);

  await newAvatar(app, {}, { token: alice });
  await startTraining(app, { avatarId: his.id, imagesUrl: photos('stuck-in-queue') }, { token: bob });

  await watch.until(({ id, status }) => id === his.id && status === 'QUEUED');
  const { avatars } = await app.execute(AvatarsDocument, { first: 100 }, { token: bob });
  const own = avatars.edges.map(({ node }) => node.id);
  for (const { id } of watch.seen) expect(own).toContain(id);
  expect(own).not.toContain(hers.id);
  await watch.stop();
});

test('the same key of two owners is two keys', async () => {
  const start = async (token: string) => {
    const { id } = await newAvatar(app, {}, { token });
    const input = { avatarId: id, imagesUrl: photos('stuck-in-queue'), idempotencyKey: 'mine' };
    return (await app.execute(StartTrainingDocument, { input }, { token })).startTraining;
  };

  expect(await start(alice)).toHaveProperty('avatar');
  expect(await start(bob)).toHaveProperty('avatar');
});

describe('a token that is no good', () => {
  const bad: [what: string, token: () => Promise<string | undefined>][] = [
    ['missing', async () => undefined],
    ['no token at all', async () => 'nonsense'],
    ['expired', () => tokenOf('alice', { expiresIn: '-1m' })],
    ['signed with another secret', () => tokenOf('alice', { secret: `not ${JWT_SECRET}` })],
    ['unsigned', async () => unsignedTokenOf('alice')],
    ['changed', async () => `${alice.slice(0, -4)}AAAA`],
    ['without a subject', () => tokenOf('')],
  ];

  test.each(bad)('%s is UNAUTHENTICATED and does nothing', async (_what, tokenFor) => {
    const token = await tokenFor();
    const input = { name: 'Nobody', trainingType: 'PORTRAIT' } as const;
    for (const answer of [
      await app.ask(AvatarByIdDocument, { id: hers.id }, { token }),
      await app.ask(CreateAvatarDocument, { input }, { token }),
    ]) {
      expect(answer.status).toBe(401);
      expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
      expect(Object.values(answer.data ?? {}).filter((value) => value !== null)).toEqual([]);
    }
  });

  test.each(bad)('%s is UNAUTHENTICATED over SSE', async (_what, tokenFor) => {
    const watch = app.avatarStatus({ avatarId: hers.id }, { over: 'sse', token: await tokenFor() });

    expect(await watch.refused()).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });

  test.each(bad)('%s closes a WebSocket with 4403', async (_what, tokenFor) => {
    const watch = app.avatarStatus({ avatarId: hers.id }, { over: 'ws', token: await tokenFor() });

    expect(await watch.ended()).toEqual([]);
    expect(watch.closedWith).toBe(4403);
  });
});

test('another scheme than Bearer is UNAUTHENTICATED', async () => {
  const headers = { authorization: `Basic ${alice}` };

  const answer = await app.ask(AvatarByIdDocument, { id: hers.id }, { headers });

  expect(answer.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
});

function headersOf({ headers }: Answer<unknown>): [string, string][] {
  return [...headers].filter(([name]) => name !== 'date');
}
