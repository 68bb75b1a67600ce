import { afterAll, describe, expect, test } from 'vitest';
import {
  AnyNodeDocument,
  AvatarsDocument,
  GenerationByIdDocument,
  TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { cursorOf } from '../support/id-places.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { sqlStatements } from '../support/sql-statements.ts';

const AVATARS = 25;
const IMAGES = 7;

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

const avatarIds = Array.from({ length: AVATARS }, (_, index) => idOf('avt', index));
await app.restart(async ({ prisma }) => {
  await prisma.avatar.createMany({
    data: avatarIds.map((id) => ({
      id,
      ownerId: 'local',
      name: id,
      trainingType: 'STYLE',
      triggerPhrase: 'TOK',
    })),
  });
  await prisma.generation.createMany({
    data: avatarIds.flatMap((avatarId, avatar) =>
      Array.from({ length: IMAGES }, (_, image) => ({
        id: idOf('gen', avatar * IMAGES + image),
        ownerId: 'local',
        avatarId,
        prompt: 'tea',
        numImages: 1,
      })),
    ),
  });
});

type Page = {
  avatars: {
    edges: { cursor: string; node: { id: string } }[];
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
  };
};
type PageArguments = {
  first?: number | null;
  last?: number | null;
  after?: string | null;
  before?: string | null;
};
const PAGE = new TypedDocumentString<Page, PageArguments>(`
  query ($first: Int, $last: Int, $after: String, $before: String) {
    avatars(first: $first, last: $last, after: $after, before: $before) {
      edges { cursor node { id } }
      pageInfo { hasNextPage hasPreviousPage endCursor }
    }
  }`);

describe('pages of avatars', () => {
  test('walk through all of them once, the newest first', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (let hasNextPage = true; hasNextPage;) {
      const { avatars }: Page = await app.execute(PAGE, { first: 10, after });
      seen.push(...avatars.edges.map(({ node }) => node.id));
      ({ hasNextPage, endCursor: after } = avatars.pageInfo);
    }
    expect(seen).toEqual(avatarIds.toReversed());
  });

  test('walk back the same way', async () => {
    const { avatars: end } = await app.execute(PAGE, { last: 5 });
    expect(end.edges.map(({ node }) => node.id)).toEqual(avatarIds.slice(0, 5).toReversed());

    const before = end.edges[0]?.cursor ?? null;
    const { avatars: earlier } = await app.execute(PAGE, { last: 5, before });
    expect(earlier.edges.map(({ node }) => node.id)).toEqual(avatarIds.slice(5, 10).toReversed());
  });

  test('hold 20 unless asked otherwise, 100 at most, and may be empty', async () => {
    expect((await app.execute(PAGE, {})).avatars.edges).toHaveLength(20);
    expect((await app.execute(PAGE, { first: 100 })).avatars.edges).toHaveLength(AVATARS);
    expect((await app.execute(PAGE, { first: 0 })).avatars.edges).toEqual([]);
  });

  test.each<[what: string, page: PageArguments, says: string[]]>([
    ['more than 100', { first: 101 }, ['first', '0 to 100', '101']],
    ['fewer than none', { first: -1 }, ['first', '0 to 100', '-1']],
    ['more than 100 from the end', { last: 101 }, ['last', '0 to 100', '101']],
    ['both ends at once', { first: 1, last: 1 }, ['first', 'last']],
    ['after a cursor that is none', { first: 1, after: 'nonsense' }, ['ursor']],
    ['after an empty cursor', { first: 1, after: '' }, ['ursor']],
    ['before a cursor that is none', { last: 1, before: 'R1BD:TjpOYU4=' }, ['ursor']],
    ['after a cursor of another list', { first: 1, after: cursorOf(idOf('gen', 3)) }, ['after', 'ursor']],
  ])('asking for %s is INVALID_INPUT', async (_what, page, says) => {
    const { errors, data } = await app.ask(PAGE, page);

    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
    for (const part of says) expect(errors[0]?.message).toContain(part);
    expect(data?.avatars ?? null).toBeNull();
  });

  test('the same holds for an avatar’s generations', async () => {
    const nested = new TypedDocumentString<unknown, { first: number }>(
      'query ($first: Int) { avatars(first: 1) { edges { node { generations(first: $first) { edges { cursor } } } } } }',
    );
    const { errors } = await app.ask(nested, { first: 101 });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT' } }]);
  });
});

describe('the number of SQL statements', () => {
  const statementsFor = (first: number) => sqlStatements(() => app.execute(AvatarsDocument, { first }));

  test('is the same for a page of twenty avatars with their images as for a page of one', async () => {
    // The first one of all also opens the connection.
    await statementsFor(1);
    const [one, twenty] = [await statementsFor(1), await statementsFor(20)];

    expect(twenty.map(shapeOf)).toEqual(one.map(shapeOf));
    expect(twenty.length).toBeLessThanOrEqual(2);
  });

  test('reads no more images than are shown', async () => {
    const [images] = (await statementsFor(20)).filter((sql) => /\bgenerations\b/.test(sql));

    expect(images).toMatch(/LIMIT|ROW_NUMBER/i);
  });

  test('is small for a generation with its avatar, and for a node', async () => {
    const id = idOf('gen', 3);
    const withAvatar = await sqlStatements(() => app.execute(GenerationByIdDocument, { id }));
    expect(withAvatar.length).toBeLessThanOrEqual(2);

    const node = await sqlStatements(() => app.execute(AnyNodeDocument, { id }));
    expect(node.length).toBe(1);
  });
});

describe('node', () => {
  test('finds avatars and generations by their ids', async () => {
    const avatar = await app.execute(AnyNodeDocument, { id: idOf('avt', 3) });
    expect(avatar).toEqual({ node: { __typename: 'Avatar', id: idOf('avt', 3), name: idOf('avt', 3) } });
    const image = await app.execute(AnyNodeDocument, { id: idOf('gen', 3) });
    expect(image).toEqual({ node: { __typename: 'Generation', id: idOf('gen', 3), prompt: 'tea' } });
  });

  test.each(['avt_00000000000070008000000000009999', 'gen_00000000000070008000000000009999', 'nothing', ''])(
    'is null for "%s"',
    async (id) => {
      expect(await app.execute(AnyNodeDocument, { id })).toEqual({ node: null });
    },
  );
});

test.each([
  ['after', 'first', 2],
  ['before', 'last', 0],
] as const)('a page goes on %s an entry that was deleted in the meantime', async (side, length, next) => {
  const ids: string[] = [];
  for (let n = 0; n < 3; n += 1) ids.unshift((await app.newAvatar()).id);
  const deleted = ids[1] ?? '';
  await app.deleteAvatar(deleted);

  const { avatars } = await app.execute(PAGE, { [side]: cursorOf(deleted), [length]: 1 });

  expect(avatars.edges.map(({ node }) => node.id)).toEqual([ids[next]]);
  expect(avatars.pageInfo.hasNextPage).toBe(true);
});

function idOf(kind: 'avt' | 'gen', index: number): string {
  return `${kind}_0000000000007000800000000000${String(index).padStart(4, '0')}`;
}

/** A statement without what differs between a page of one and a page of many: the list of ids. */
function shapeOf(sql: string): string {
  return sql.replaceAll(/\$\d+(,\$\d+)*/g, '$').replaceAll(/IN \(\$\)|= \$/g, 'IN ($)');
}
