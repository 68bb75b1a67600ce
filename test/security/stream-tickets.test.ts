import { afterAll, describe, expect, test } from 'vitest';
import { StreamTickets } from '../../src/auth/stream-tickets.ts';
import { FAL_KEY } from '../support/fal-key.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { TypedDocumentString } from '../../src/generated/contract/graphql.ts';
import { startTestApp } from '../support/test-app.ts';

const WATCH = 'subscription ($id: ID!) { avatarStatus(avatarId: $id) { id version } }';
const PAGE = 'https://app.example';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: JWT_SECRET, ALLOWED_ORIGINS: PAGE } });
afterAll(() => app.close());

const ada = await tokenOf('ada');
const avatar = await app.newAvatar({}, { token: ada });
const tickets = new StreamTickets(FAL_KEY);

const TICKET = new TypedDocumentString<
  { readonly createStreamTicket: { readonly ticket: string } },
  Record<string, never>
>('mutation { createStreamTicket { ticket expiresAt } }');

const createTicket = async (token: string) =>
  (await app.execute(TICKET, {}, { token })).createStreamTicket.ticket;

/** As EventSource requests it. */
function open(ticket: string, { query = WATCH, headers = {}, ...request }: OtherRequest = {}) {
  const parameters = new URLSearchParams({ query, variables: JSON.stringify({ id: avatar.id }), ticket });
  return fetch(`${app.graphqlUrl}?${parameters.toString()}`, {
    ...request,
    headers: { accept: 'text/event-stream', origin: PAGE, ...headers },
  });
}

type OtherRequest = {
  readonly query?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** The text of a stream up to one that contains `text`, or up to its end. */
async function read(response: Response, text: string): Promise<string> {
  let seen = '';
  for await (const bytes of response.body ?? []) {
    seen += Buffer.from(bytes as Uint8Array).toString();
    if (seen.includes(text)) break;
  }
  return seen;
}

async function refusalOf(response: Response) {
  const { errors } = JSON.parse((await response.text()).replace(/^[^{]*|[^}]*$/g, '')) as {
    errors: { message: string; extensions: { code: string } }[];
  };
  return { status: response.status, code: errors[0]?.extensions.code, message: errors[0]?.message };
}

test('a ticket opens streams of its owner, repeatedly, for pages of an allowed origin', async () => {
  const ticket = await createTicket(ada);
  for (let turn = 0; turn < 2; turn += 1) {
    const response = await open(ticket);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(await read(response, '\n\nevent: next\n')).toContain('event: next');
  }
});

test('it opens no stream of another owner', async () => {
  const response = await open(await createTicket(await tokenOf('eve')));
  expect(await read(response, 'NOT_FOUND')).toContain('NOT_FOUND');
});

const day = { ownerId: 'ada', expiresAt: Date.now() + 86_400_000 };
const BAD: [what: string, ticket: () => Promise<string> | string, message: string][] = [
  [
    'expired',
    async () => (await tickets.create(day, Date.now() - 70_000)).ticket,
    'has expired: create another',
  ],
  [
    'of an expired token',
    async () => (await tickets.create({ ...day, expiresAt: Date.now() - 10_000 })).ticket,
    'has expired: create another',
  ],
  [
    'of another deployment',
    async () => (await new StreamTickets('other').create(day)).ticket,
    'is not valid',
  ],
  ['changed', async () => (await createTicket(ada)).replace(/.{10}$/, 'AAAAAAAAAA'), 'is not valid'],
  ['a token', () => ada, 'is not valid'],
  ['too long', () => 'A'.repeat(10_000), 'is not valid'],
  ['empty', () => '', 'is not valid'],
];

describe('a ticket is refused with a status that ends an EventSource', () => {
  test.each(BAD)('%s', async (_what, make, message) => {
    expect(await refusalOf(await open(await make()))).toEqual({
      status: 401,
      code: 'UNAUTHENTICATED',
      message: `Authentication failed: the stream ticket ${message}.`,
    });
  });
});

test.each([
  ['query', 'query { avatars(first: 1) { totalCount } }', 403],
  ['introspection', '{ __schema { queryType { name } } }', 403],
  ['mutation', 'mutation { createStreamTicket { ticket } }', 405],
])('a ticket opens no %s', async (_what, query, status) => {
  const response = await open(await createTicket(ada), { query });
  expect(response.status).toBe(status);
  expect(await response.text()).not.toContain('"data":{');
});

test.each<[what: string, request: OtherRequest]>([
  [
    'POST',
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: WATCH, variables: { id: avatar.id } }),
    },
  ],
  ['GET without an event stream', { headers: { accept: 'application/json' } }],
  ['GET with an authorization', { headers: { authorization: 'Bearer none' } }],
])('a ticket is nothing to a %s', async (_what, request) => {
  const response = await open(await createTicket(ada), request);
  expect(response.status).not.toBe(200);
  expect(await response.text()).not.toContain('"data":{');
});

test('beside the token of another owner, the token counts', async () => {
  const response = await open(await createTicket(ada), {
    headers: { authorization: `Bearer ${await tokenOf('eve')}` },
  });
  expect(await read(response, 'NOT_FOUND')).toContain('NOT_FOUND');
});

test('a stream ends with the token of its ticket', async () => {
  const short = await tokenOf('ada', { lifetimeS: 1 });
  const response = await open(await createTicket(short));
  const text = await read(response, 'event: complete');
  expect(text).toContain('"code":"UNAUTHENTICATED"');
  expect(text).toContain('The token has expired');
});

test('no log line and no metric has a ticket', async () => {
  const ticket = await createTicket(ada);
  await read(await open(ticket), 'event: next');
  await open(`${ticket}x`);
  expect(JSON.stringify(app.log.lines)).not.toContain(ticket);
  expect(await (await fetch(`${app.url}/metrics`)).text()).not.toContain(ticket);
});
