import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { avatarRow } from '../support/rows.ts';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { isOutage } from '../../src/db/outage.ts';
import { createGraphqlServer } from '../../src/http/yoga.ts';
import { createRowReads } from '../../src/db/reads/row-reads.ts';
import { freshDatabase } from '../support/database.ts';
import { CostLimit } from '../../src/graphql/policy/cost-limit.ts';
import { memoryLog } from '../support/memory-log.ts';
import { authenticateWith } from '../support/token-keys.ts';
import { JWT_SECRET, signedToken } from '../support/tokens.ts';
import { exchange } from '../support/http-exchange.ts';
import { httpOptions } from '../support/http-options.ts';
import { startHttp, type HttpOptions, type HttpServer } from '../../src/http/server.ts';
import type { RowReads } from '../../src/graphql/reads.ts';
import type { Services } from '../../src/graphql/context.ts';

const ADA = 'avt_00000000000070008000000000000001';
const BOB = 'avt_00000000000070008000000000000002';
/** More uses of a text than it takes to compile it. */
const USES = 12;
const COST_PER_MINUTE = 50_000;

const { database, drop } = await freshDatabase();
const log = memoryLog();
/** Who answered each request. */
const answeredBy: ('plain' | 'yoga')[] = [];
const failing = { on: false };
let http: HttpServer;
let tokens: Readonly<Record<string, string>>;

beforeAll(async () => {
  // The server loads it at the first compilation; the uses after that one must not be over before.
  await import('graphql-jit');
  await database.prisma.avatar.createMany({
    data: [
      { ...avatarRow(ADA), ownerId: 'ada', falResponseData: { a: [1, null, 'é'] } },
      { ...avatarRow(BOB), ownerId: 'bob', name: 'Bob' },
    ],
  });
  await database.prisma.generation.createMany({
    data: [1, 2, 3].map((n) => ({
      id: `gen_0000000000007000800000000000000${n}`,
      ownerId: 'ada',
      avatarId: ADA,
      prompt: `tea ${n}`,
      numImages: 1,
    })),
  });
  const authenticate = authenticateWith({ secret: JWT_SECRET });
  const isAllowedOrigin: HttpOptions['isAllowedOrigin'] = (origin) => origin !== 'https://evil.example';
  const rows: RowReads = createRowReads({
    query: (query: string) => {
      if (failing.on) throw new Error('the password of the database is tea');
      return database.pool.query(query);
    },
  } as never);
  const deps = {
    catalog: BUILT_IN,
    settings: { defaultTrainers: { PORTRAIT: ['FLUX_LORA_PORTRAIT'], STYLE: ['FLUX_LORA_FAST'] } },
  };
  const graphql = createGraphqlServer({
    services: { prisma: database.prisma, deps, rows } as unknown as Services,
    authenticate,
    isAllowedOrigin,
    playground: null,
    hidesSchema: true,
    costLimit: new CostLimit(COST_PER_MINUTE),
    ticketSecret: 'unused',
    isOutage,
    log,
  });
  http = await startHttp(
    httpOptions({
      isAllowedOrigin,
      ...graphql,
      plainQueries: async (request, response) => {
        const read = await graphql.plainQueries(request, response);
        answeredBy.push(read === 'responded' ? 'plain' : 'yoga');
        return read;
      },
      authenticate,
      log,
    }),
  );
  const owners = ['ada', 'bob', 'eve', 'max'];
  tokens = Object.fromEntries(
    await Promise.all(owners.map(async (sub) => [sub, await signedToken({ sub })] as const)),
  );
});
afterAll(async () => {
  await http.close(1000);
  await drop();
});

type Sent = {
  readonly owner?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object | string;
};

async function send({ owner = 'ada', headers = {}, body }: Sent) {
  const response = await exchange(`${http.url}/graphql`, {
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${tokens[owner]}`,
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const {
    date: _date,
    'transfer-encoding': _coding,
    'content-length': _length,
    ...rest
  } = Object.fromEntries(response.headers);
  return { ...response, headers: rest };
}

/** Sends a request several times; returns its answers and who gave them. */
async function repeated(sent: Sent) {
  const from = answeredBy.length;
  const answers = [];
  for (let use = 0; use < USES; use += 1) answers.push(await send(sent));
  return { answers, by: answeredBy.slice(from) };
}

const LIST = `query Mine($first: Int = 2, $deep: Boolean!) {
  mine: avatars(first: $first) { edges { cursor node { ...Card generations(first: 2) @include(if: $deep) { edges { node { prompt } } pageInfo { hasNextPage } } } } }
}
fragment Card on Avatar { id label: name trainingType falResponseData createdAt isReady error { code } }`;

describe('a repeated query', () => {
  test.each<[what: string, sent: Sent]>([
    ['of one row', { body: { query: `{ avatar(id: "${ADA}") { id name status falResponseData } }` } }],
    [
      'with variables',
      { body: { query: 'query ($id: ID!) { avatar(id: $id) { name } }', variables: { id: ADA } } },
    ],
    [
      'of another owner’s row',
      { owner: 'bob', body: { query: `{ avatar(id: "${ADA}") { id name version } }` } },
    ],
    [
      'of lists, with aliases, fragments and directives',
      { body: { query: LIST, variables: { deep: true } } },
    ],
    [
      'that leaves something out',
      { body: { query: `${LIST} # shorter`, variables: { deep: false, first: 1 } } },
    ],
    [
      'of types and nodes',
      { body: { query: `{ __typename node(id: "${ADA}") { __typename id ... on Avatar { name } } }` } },
    ],
    [
      'by its name, among others',
      { body: { query: 'query A { trainers { name } } query B { __typename }', operationName: 'B' } },
    ],
    ['with extensions', { body: { query: '{ trainers { name } }', extensions: { a: 1 }, variables: null } }],
    [
      'that prefers the newer media type',
      {
        headers: { accept: 'application/graphql-response+json, application/json;q=0.9, text/event-stream' },
        body: { query: '{ trainers { name retiredAt: __typename } }' },
      },
    ],
    [
      'from a page of an allowed origin',
      { headers: { origin: 'https://app.example' }, body: { query: '{ trainers { endpoint } }' } },
    ],
    [
      'from a page of another origin',
      { headers: { origin: 'https://evil.example' }, body: { query: '{ trainers { endpoint name } }' } },
    ],
  ])('%s has the answer of its first use', async (_what, sent) => {
    const { answers, by } = await repeated(sent);
    expect(answers[0]?.status).toBe(200);
    expect(answers[0]?.text).not.toContain('"errors"');
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(by).toEqual(['yoga', ...by.slice(1).map(() => 'plain')]);
  });

  test.each<[what: string, sent: Sent]>([
    [
      'a row fails',
      { body: { query: 'query ($id: ID!) { avatar(id: $id) { id } }', variables: { id: 7.5 } } },
    ],
    [
      'a cursor is none',
      { body: { query: '{ avatars(after: "x") { edges { cursor } } trainers { name } }' } },
    ],
    ['a page is too long', { body: { query: '{ avatars(first: 101) { edges { cursor } } }' } }],
    ['a variable is missing', { body: { query: LIST, variables: {} } }],
    [
      'it costs too much',
      {
        body: {
          query:
            '{ avatars(first: 100) { edges { node { generations(first: 100) { edges { cursor } } } } } }',
        },
      },
    ],
    ['no operation has the name', { body: { query: 'query A { __typename }', operationName: 'B' } }],
    ['a parameter is unknown', { body: { query: '{ __typename }', more: 1 } }],
    ['the variables are a list', { body: { query: '{ __typename }', variables: [] } }],
    ['it is not valid', { body: { query: '{ nothing }' } }],
    ['it cannot be parsed', { body: { query: '{' } }],
    ['the body is no JSON', { body: '{"query":' }],
    [
      'the token is wrong',
      { headers: { authorization: 'Bearer x.y.z' }, body: { query: '{ trainers { name } }' } },
    ],
    [
      'nothing acceptable can be sent',
      { headers: { accept: 'image/png' }, body: { query: '{ trainers { name } }' } },
    ],
    [
      'its media type is in capitals',
      { headers: { 'content-type': 'Application/JSON' }, body: { query: '{ trainers { name } }' } },
    ],
    [
      'only another character set is acceptable',
      { headers: { accept: 'application/json;xcharset=latin1' }, body: { query: '{ trainers { name } }' } },
    ],
    ['the schema is asked for', { body: { query: '{ __schema { types { name } } }' } }],
  ])('is left to Yoga, with the same answer each time, when %s', async (_what, sent) => {
    const { answers, by } = await repeated(sent);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status !== 200 || answers[0].text.includes('"errors"')).toBe(true);
    expect(by).not.toContain('plain');
  });

  test.each<[what: string, known: object, odd: object]>([
    [
      'an empty name is not one without a name',
      { query: '{ __typename a: __typename }' },
      { query: '{ __typename a: __typename }', operationName: '' },
    ],
    [
      'a name that continues in the text is not that text',
      { query: '# odd\nquery A { __typename }', operationName: 'A' },
      { query: 'query A { __typename }', operationName: 'A\n# odd' },
    ],
  ])('of which %s', async (_what, known, odd) => {
    const first = await send({ body: odd });
    expect((await repeated({ body: known })).by).toContain('plain');
    expect((await repeated({ body: odd })).answers).toEqual(Array(USES).fill(first));
  });

  test('is the only operation that Yoga does not execute', async () => {
    const query = 'mutation { deleteAvatar(input: { avatarId: "x" }) { __typename } }';
    expect((await repeated({ body: { query } })).by).not.toContain('plain');
  });

  test('that fails inside is answered with a correlation ID of its log line, and nothing of the error', async () => {
    const sent = { body: { query: `{ avatar(id: "${ADA}") { id name createdAt } }` } };
    await repeated(sent);
    failing.on = true;
    const { answers } = await repeated(sent);
    failing.on = false;
    for (const { status, text } of answers) {
      expect(status).toBe(200);
      expect(text).not.toContain('tea');
      const { errors, data } = JSON.parse(text) as { errors: { extensions: object }[]; data: object };
      expect(data).toEqual({ avatar: null });
      expect(errors).toMatchObject([{ path: ['avatar'], extensions: { code: 'INTERNAL_SERVER_ERROR' } }]);
      const [{ extensions } = { extensions: {} }] = errors;
      expect(
        log.lines.some(
          ({ fields }) => Reflect.get(fields, 'correlationId') === Reflect.get(extensions, 'correlationId'),
        ),
      ).toBe(true);
    }
  });

  test('takes its cost from the same budget as every other operation', async () => {
    const query = '{ avatars(first: 100) { edges { node { generations(first: 8) { edges { cursor } } } } } }';
    const statuses = [];
    for (let use = 0; use < USES; use += 1)
      statuses.push((await send({ owner: 'eve', body: { query } })).status);
    expect(statuses[1]).toBe(200);
    expect(statuses.at(-1)).toBe(429);
  });
});

test('texts that never repeat are kept within a bound', async () => {
  const from = answeredBy.length;
  const filler = `# ${'x'.repeat(9_000)}`;
  const texts = Array.from({ length: 30 }, (_, n) => ({ query: `query Q${n} { __typename } ${filler}` }));
  // The document is parsed once more whenever it was forgotten in between.
  for (let round = 0; round < 2; round += 1) for (const body of texts) await send({ owner: 'max', body });
  expect(answeredBy.slice(from)).not.toContain('plain');
});
