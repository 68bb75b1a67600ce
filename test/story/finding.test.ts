import { afterAll, describe, expect, test } from 'vitest';
import {
  AvatarByRequestIdDocument,
  FindAvatarsDocument,
  GenerationsDocument,
  TypedDocumentString,
  type FindAvatarsQueryVariables,
  type GenerationsQuery,
  type GenerationsQueryVariables,
} from '../../src/generated/contract/graphql.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { photos } from '../support/api-client.ts';
import { sqlStatements } from '../support/sql-statements.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: { ...NEVER_POLL, AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => app.close());
const [ada, bob] = await Promise.all([tokenOf('ada'), tokenOf('bob')]);

const STATUSES = ['DRAFT', 'QUEUED', 'TRAINING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
const ENDS = ['QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'] as const;
const id = (kind: string, n: number) => `${kind}_0000000000007000800000000000${String(n).padStart(4, '0')}`;

/** Newest first, as in a list. */
const avatars = Array.from({ length: 60 }, (_, n) => ({
  id: id('avt', n),
  ownerId: n % 5 === 0 ? 'bob' : 'ada',
  name: `${n}`,
  trainingType: n % 3 === 0 ? ('STYLE' as const) : ('PORTRAIT' as const),
  status: STATUSES[n % 6] ?? 'DRAFT',
  triggerPhrase: 'TOK',
  externalId: n % 2 === 0 ? null : `crm-${n}`,
  tags: ['all', n % 4 === 0 ? 'vip' : '\u00e9t\u00e9'],
})).toReversed();
const generations = avatars
  .filter((_, n) => n % 10 < 3)
  .flatMap((avatar) => Array.from({ length: 7 }, (_, n) => ({ avatar, n })))
  .map(({ avatar, n }, index) => ({
    id: id('gen', 1000 - index),
    ownerId: avatar.ownerId,
    avatarId: avatar.id,
    status: ENDS[n % 5] ?? 'QUEUED',
    prompt: 'tea',
    numImages: 1,
  }));
await app.restart(async ({ prisma }) => {
  await prisma.avatar.createMany({ data: avatars.map(({ tags: _tags, ...row }) => row) });
  const tagsOf = ({ id: avatarId, ownerId, tags }: (typeof avatars)[number]) =>
    tags.map((tag) => ({ avatarId, ownerId, tag }));
  await prisma.avatarTag.createMany({ data: avatars.flatMap(tagsOf) });
  await prisma.generation.createMany({ data: generations });
});

type Filters = Pick<FindAvatarsQueryVariables, 'status' | 'trainingType' | 'externalId' | 'tag'>;

const ofAda = (filters: Filters) =>
  avatars.filter(
    ({ ownerId, tags, ...row }) =>
      ownerId === 'ada' &&
      (filters.tag == null || tags.includes(filters.tag.trim().normalize('NFC'))) &&
      (filters.status == null || row.status === filters.status) &&
      (filters.trainingType == null || row.trainingType === filters.trainingType) &&
      (filters.externalId == null || row.externalId === filters.externalId),
  );

describe('avatars', () => {
  test.each<Filters>([
    {},
    { status: 'COMPLETED' },
    { trainingType: 'STYLE' },
    { externalId: 'crm-7' },
    { tag: 'vip' },
    { tag: ' e\u0301te\u0301 ' },
    { status: 'DRAFT', trainingType: 'STYLE', tag: 'all' },
    { status: 'QUEUED', externalId: 'crm-7' },
    { tag: 'nothing' },
    { externalId: 'crm-5' },
    { status: null, tag: null, externalId: null, trainingType: null },
  ])('with %j are those that fit, in pages both ways, with their number', async (filters) => {
    const expected = ofAda(filters);
    const read = async (page: FindAvatarsQueryVariables) =>
      (await app.execute(FindAvatarsDocument, { ...filters, ...page }, { token: ada })).avatars;
    const ids: (string | number)[] = [];
    for (let after: string | null = null, isMore = true; isMore;) {
      const { edges, pageInfo, totalCount } = await read({ first: 4, after });
      ids.push(...edges.map(({ node }) => node.id));
      expect(totalCount).toBe(expected.length);
      [after, isMore] = [pageInfo.endCursor, pageInfo.hasNextPage];
    }
    expect(ids).toEqual(expected.map((row) => row.id));

    const back: (string | number)[] = [];
    for (let before: string | null = null, isMore = true; isMore;) {
      const { edges, pageInfo } = await read({ last: 4, before });
      back.unshift(...edges.map(({ node }) => node.id));
      [before, isMore] = [pageInfo.startCursor, pageInfo.hasPreviousPage];
    }
    expect(back).toEqual(ids);
  });

  test('have the cursors of another filter', async () => {
    const all = await app.execute(FindAvatarsDocument, { first: 10 }, { token: ada });
    const { cursor, node } = all.avatars.edges.at(-1) ?? { cursor: '', node: { id: '' } };
    const page = await app.execute(FindAvatarsDocument, { after: cursor, tag: 'vip' }, { token: ada });
    const expected = ofAda({ tag: 'vip' }).filter((row) => row.id < node.id);
    expect(page.avatars.edges.map((edge) => edge.node.id)).toEqual(
      expected.slice(0, 20).map((row) => row.id),
    );
  });

  test('show the number of their generations, counted in one statement', async () => {
    const statements = await sqlStatements(async () => {
      const { avatars: page } = await app.execute(FindAvatarsDocument, { first: 100 }, { token: ada });
      for (const { node } of page.edges) {
        const own = generations.filter(({ avatarId }) => avatarId === node.id);
        expect(node.generations.totalCount).toBe(own.length);
      }
    });
    expect(statements.filter((sql) => sql.includes('count(*)'))).toHaveLength(2);
  });

  test.each<[Filters, string[]]>([
    [{ externalId: '' }, ['externalId', '1 to 200 characters']],
    [{ externalId: 'x'.repeat(201) }, ['externalId', '201 characters']],
    [{ tag: ' ' }, ['tag', '1 to 50 characters']],
    [{ tag: 'a\u0000' }, ['tag', 'without control characters']],
  ])('with %j are INVALID_INPUT', async (filters, says) => {
    const { errors, data } = await app.ask(FindAvatarsDocument, filters, { token: ada });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
    for (const part of says) expect(errors[0]?.message).toContain(part);
    expect(data?.avatars ?? null).toBeNull();
  });
});

describe('generations', () => {
  const own = generations.filter(({ ownerId }) => ownerId === 'ada');
  const [first] = own;
  const foreign = generations.find(({ ownerId }) => ownerId === 'bob');

  test.each<GenerationsQueryVariables>([
    {},
    { status: 'FAILED' },
    { avatarId: first?.avatarId ?? '' },
    { avatarId: first?.avatarId ?? '', status: 'QUEUED' },
    { avatarId: foreign?.avatarId ?? '' },
    { avatarId: id('avt', 9999) },
    { avatarId: 'nonsense\u0000' },
  ])('with %j are those of the caller that fit, with their number', async (filters) => {
    const expected = own.filter(
      ({ avatarId, status }) =>
        (filters.avatarId == null || avatarId === filters.avatarId) &&
        (filters.status == null || status === filters.status),
    );
    const ids: (string | number)[] = [];
    for (let after: string | null = null, isMore = true; isMore;) {
      const variables: GenerationsQueryVariables = { ...filters, first: 10, after };
      const { generations: page }: GenerationsQuery = await app.execute(GenerationsDocument, variables, {
        token: ada,
      });
      ids.push(...page.edges.map(({ node }) => node.id));
      expect(page.totalCount).toBe(expected.length);
      [after, isMore] = [page.pageInfo.endCursor, page.pageInfo.hasNextPage];
    }
    expect(ids).toEqual(expected.map((row) => row.id));
  });
});

test('a list that nobody counts is not counted', async () => {
  const query =
    '{ avatars { edges { node { generations { edges { node { id } } } } } } generations { edges { cursor } } }';
  const statements = await sqlStatements(() =>
    app.execute(new TypedDocumentString<unknown, object>(query), {}, { token: ada }),
  );
  expect(statements.filter((sql) => sql.includes('count('))).toEqual([]);
});

describe('avatarByRequestId', () => {
  const find = async (requestId: string, token = ada) =>
    (await app.execute(AvatarByRequestIdDocument, { requestId }, { token })).avatarByRequestId?.id ?? null;

  test('finds the avatar of every training and generation, for its owner only', async () => {
    const first = await app.trainedAvatar({}, { token: ada });
    const again = await app.train({ avatarId: first.id, imagesUrl: photos() }, { token: ada });
    const image = await app.generate({ avatarId: first.id }, { token: ada });
    expect(again.falRequestId).not.toBe(first.falRequestId);
    const imageRequestId = app.simulator.requests().at(-1)?.requestId;

    for (const requestId of [first.falRequestId, again.falRequestId, imageRequestId]) {
      expect(await find(requestId ?? '')).toBe(first.id);
      expect(await find(requestId ?? '', bob)).toBeNull();
    }
    expect(await find(image.id)).toBeNull();
    await app.deleteAvatar(first.id, { token: ada });
    expect(await find(first.falRequestId ?? '')).toBeNull();
  });

  test.each(['', 'nothing', 'a\u0000', '\ud83d', 'x'.repeat(5000), "' OR 1=1 --"])(
    'is null for %j',
    async (requestId) => {
      expect(await find(requestId)).toBeNull();
    },
  );
});
