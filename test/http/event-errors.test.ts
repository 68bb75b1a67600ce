import { afterAll, expect, test } from 'vitest';
import { authenticateWith } from '../support/token-keys.ts';
import { JWT_SECRET, signedToken } from '../support/tokens.ts';
import { avatarRow } from '../support/rows.ts';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { isOutage } from '../../src/db/outage.ts';
import { createGraphqlServer } from '../../src/http/yoga.ts';
import { KeyedSemaphore } from '../../src/async/keyed-semaphore.ts';
import { memoryLog } from '../support/memory-log.ts';
import { Notifications } from '../../src/live/notifications.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { httpOptions } from '../support/http-options.ts';
import { startHttp } from '../../src/http/server.ts';
import type { Services } from '../../src/graphql/context.ts';

const ID = 'avt_00000000000070008000000000000000';
const INSIDE = 'the password of the database is tea';
const fails = () => Promise.reject(new Error(INSIDE));

const log = memoryLog();
const authenticate = authenticateWith({ secret: JWT_SECRET });
const rows = {
  avatar: (ownerId: string, id: string) =>
    id === ID ? Promise.resolve({ ...avatarRow(id), ownerId, version: 1 }) : fails(),
  generationsOf: fails,
};
const graphql = createGraphqlServer({
  services: {
    prisma: {},
    deps: { catalog: BUILT_IN },
    rows,
    notifications: new Notifications(),
    streams: new KeyedSemaphore(null),
  } as unknown as Services,
  authenticate,
  isAllowedOrigin: () => true,
  playground: null,
  hidesSchema: true,
  costLimit: null,
  ticketSecret: 'unused',
  isOutage,
  log,
});
const http = await startHttp(httpOptions({ ...graphql, authenticate, log }));
const socket = await RawSocket.connected(`${http.url}/graphql`, await signedToken({ sub: 'ada' }));
afterAll(async () => {
  await socket.end();
  await http.close(1000);
});

type Errors = readonly { readonly message: string; readonly extensions: Record<string, unknown> }[];

/** The errors in the first message of each of these operations. */
async function errorsOf(...queries: readonly string[]): Promise<Errors[]> {
  const ids = queries.map((query, index) => `${socket.frames.length} ${index} ${query.length}`);
  for (const [index, query] of queries.entries()) socket.subscribe(ids[index] ?? '', query);
  const frames = await Promise.all(ids.map((id) => socket.until((frame) => frame.id === id)));
  return frames.map(({ payload }) => (payload as { errors: Errors }).errors);
}

test('a fault of ours in an event is masked, and logged once for all who share the event', async () => {
  const query = `subscription { avatarStatus(avatarId: "${ID}") { generations { edges { cursor } } } }`;

  const [one, other] = await errorsOf(query, query);

  expect(one).toEqual([
    {
      message: 'Unexpected error.',
      path: ['avatarStatus', 'generations'],
      locations: [expect.anything()],
      extensions: { code: 'INTERNAL_SERVER_ERROR', correlationId: expect.any(String) as string },
    },
  ]);
  expect(other).toEqual(one);
  const correlationId = one?.[0]?.extensions['correlationId'];
  const logged = log.lines.filter(
    ({ fields }) => 'correlationId' in fields && fields.correlationId === correlationId,
  );
  expect(logged).toMatchObject([{ level: 'error', fields: { err: { message: INSIDE } } }]);
});

test('a row that cannot be read is a masked error for each subscriber', async () => {
  const query = `subscription { avatarStatus(avatarId: "${ID.replace(/0$/, '1')}") { id } }`;

  const all = await errorsOf(query, query);

  expect(JSON.stringify(all)).not.toContain(INSIDE);
  for (const errors of all) {
    expect(errors).toMatchObject([{ message: 'Unexpected error.', path: ['avatarStatus'] }]);
  }
});

test('an error that is meant for the client is not masked', async () => {
  const query = `subscription { avatarStatus(avatarId: "${ID}") { generations(first: 1, last: 1) { edges { cursor } } } }`;

  const [errors] = await errorsOf(query);

  expect(errors).toMatchObject([
    {
      message: expect.stringContaining('first and last: expected') as string,
      extensions: { code: 'INVALID_INPUT' },
    },
  ]);
});
