import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { rawRequest } from '../support/raw-http.ts';
import { RawSocket, upgradeRefusal } from '../support/raw-socket.ts';
import { startTestApp } from '../support/test-app.ts';

const STREAMS = 12;
const PER_SOCKET = 10;
const WATCH = 'subscription { avatarStatus { id name status version } }';

const app = await startTestApp({
  env: { AUTH_JWT_SECRET: JWT_SECRET, LIMIT_SUBSCRIPTIONS_PER_OWNER: String(STREAMS) },
});
afterAll(() => app.close());

const token = await tokenOf('ada');
const connected = async (owner = 'ada') => RawSocket.connected(app.graphqlUrl, await tokenOf(owner));

/** Begun first and looked at last: it takes the three seconds that a client has to say who it is. */
const silent = await RawSocket.open(app.graphqlUrl);

describe('what does not keep to the protocol is closed with the code that says why', () => {
  test.each<[what: string, say: (socket: RawSocket) => void, code: number]>([
    ['an operation before the socket is acknowledged', (socket) => socket.subscribe('1', WATCH), 4401],
    ['no JSON', (socket) => socket.say('{'), 4400],
    ['an empty message', (socket) => socket.say(''), 4400],
    ['binary junk', (socket) => socket.say(Buffer.from([0xff, 0x00, 0xfe])), 4400],
    ['a type that does not exist', (socket) => socket.say({ type: 'start', id: '1' }), 4400],
    ['no type', (socket) => socket.say({}), 4400],
    ['null', (socket) => socket.say('null'), 4400],
    ['an array', (socket) => socket.say('[]'), 4400],
    ['a connection_init whose payload is a text', (socket) => socket.say(init('Bearer x')), 4400],
    ['no token', (socket) => socket.say({ type: 'connection_init' }), 4403],
    ['a token that is no text', (socket) => socket.say(init({ authorization: { a: 1 } })), 4403],
    ['JSON 40,000 deep', (socket) => socket.say('['.repeat(40_000) + ']'.repeat(40_000)), 4400],
    ['100 KB and a byte', (socket) => socket.say('x'.repeat(100_001)), 1009],
  ])('%s', async (_what, say, code) => {
    const socket = await RawSocket.open(app.graphqlUrl);
    say(socket);
    expect(await socket.closedWith()).toBe(code);
  });

  test('a second connection_init, at once or later', async () => {
    const atOnce = await RawSocket.open(app.graphqlUrl);
    atOnce.say(init({ authorization: `Bearer ${token}` }));
    atOnce.say(init({ authorization: `Bearer ${token}` }));
    expect(await atOnce.closedWith()).toBe(4429);

    const later = await connected();
    later.say(init({ authorization: `Bearer ${token}` }));
    expect(await later.closedWith()).toBe(4429);
  });

  test('an id that is in use; when its operation is over it is free', async () => {
    const socket = await connected('twice');
    socket.subscribe('1', '{ trainers { name } }');
    await socket.until(({ type, id }) => type === 'complete' && id === '1');
    socket.subscribe('1', WATCH);
    socket.subscribe('1', WATCH);
    expect(await socket.closedWith()).toBe(4409);
  });

  test('an operation without a query', async () => {
    const socket = await connected();
    socket.say({ type: 'subscribe', id: '1', payload: { variables: {} } });
    expect(await socket.closedWith()).toBe(4400);
  });

  test.each(['graphql-ws', 'graphql-transport-ws2'])('the subprotocol %s', async (protocol) => {
    const refused = await RawSocket.open(app.graphqlUrl, { protocol }).then(
      (socket) => socket.closedWith(),
      () => 'not opened',
    );
    // The client gives up by itself when none of its protocols is chosen.
    expect([4406, 'not opened']).toContain(refused);
  });

  test('a message of just 100 KB is read', async () => {
    const socket = await connected('large');
    const frame = (filler: string) =>
      JSON.stringify({
        type: 'subscribe',
        id: '1',
        payload: { query: '{ trainers { name } }', variables: { filler } },
      });
    socket.say(frame('x'.repeat(100_000 - frame('').length)));
    expect(await socket.until(({ id }) => id === '1')).toMatchObject({ type: 'next' });
    await socket.end();
  });
});

test('the eleventh operation on a socket is an error of its own, and the ten live on', async () => {
  const socket = await connected('eleven');
  for (let index = 1; index <= PER_SOCKET; index += 1) socket.subscribe(`s${index}`, WATCH);
  socket.subscribe('one too many', WATCH);

  expect(await socket.until(({ id }) => id === 'one too many')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'LIMIT_EXCEEDED' } }],
  });
  const { id } = await app.newAvatar({}, { token: await tokenOf('eleven') });
  for (let index = 1; index <= PER_SOCKET; index += 1) {
    const event = await socket.until((frame) => frame.id === `s${index}`);
    expect(event).toMatchObject({ type: 'next', payload: { data: { avatarStatus: { id } } } });
  }
  // An operation that is ended makes room for another.
  socket.say({ type: 'complete', id: 's1' });
  socket.subscribe('instead', '{ trainers { name } }');
  expect(await socket.until((frame) => frame.id === 'instead')).toMatchObject({ type: 'next' });
  await socket.end();
});

test('an owner has a limit over all sockets, others are not touched by it, and what is ended is given back', async () => {
  const { id } = await app.newAvatar({}, { token: await tokenOf('many') });
  const sockets = await Promise.all([connected('many'), connected('many')]);
  const [first, second] = sockets;
  for (let index = 0; index < STREAMS; index += 1)
    (index % 2 === 0 ? first : second).subscribe(`s${index}`, WATCH);
  await eventually('all of them to run', () => first.frames.length + second.frames.length >= STREAMS + 2);

  first.subscribe('one too many', WATCH);
  const refused = await first.until((frame) => frame.id === 'one too many');
  expect(JSON.stringify(refused)).toContain('LIMIT_EXCEEDED');
  const sse = app.watchAvatar({ avatarId: id }, { over: 'sse', token: await tokenOf('many') });
  expect(await sse.refused()).toMatchObject([{ extensions: { code: 'LIMIT_EXCEEDED' } }]);

  const another = await connected('another');
  another.subscribe('1', WATCH);
  await app.newAvatar({}, { token: await tokenOf('another') });
  expect(await another.until((frame) => frame.id === '1')).toMatchObject({ type: 'next' });

  await second.end();
  await eventually('the places to be given back', async () => {
    const id = `again ${first.frames.length}`;
    first.subscribe(id, WATCH);
    const answer = await first.until((frame) => frame.id === id);
    return !JSON.stringify(answer).includes('LIMIT_EXCEEDED');
  });
  await Promise.all([first.end(), another.end()]);
});

test('a socket dropped without a goodbye leaves no place taken', async () => {
  const token = await tokenOf('dropper');
  await app.newAvatar({}, { token });
  for (let round = 0; round < 5; round += 1) {
    const socket = await connected('dropper');
    for (let index = 0; index < PER_SOCKET; index += 1) socket.subscribe(String(index), WATCH);
    await socket.until(({ type }) => type === 'next');
    await socket.drop();
  }
  await eventually('all places to be free', async () => {
    const watches = Array.from({ length: STREAMS }, () => app.watchAvatar({}, { token }));
    const firsts = await Promise.allSettled(watches.map((watch) => watch.next()));
    await Promise.all(watches.map((watch) => watch.stop()));
    return firsts.every(({ status }) => status === 'fulfilled');
  });
});

describe('an upgrade is refused', () => {
  test.each([
    'https://evil.example',
    'null',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://evil.example@127.0.0.1.evil.example',
    'file://',
    'nonsense',
  ])('to a page of %s', async (origin) => {
    expect(await upgradeRefusal(app.graphqlUrl, { headers: { origin } })).toBe(403);
  });

  test.each(['/', '/graphq', '/graphql2', '/webhooks/fal', '/metrics'])('at %s', async (path) => {
    const answer = await upgrade(path);
    expect(answer.status).toBe(404);
  });

  test.each(['//', 'http://', '///x', '*', 'http://[', '/graphql?%', '/%', '//[/graphql'])(
    'or answered, and never breaks the server, at %s',
    async (path) => {
      const answer = await upgrade(path);
      expect(answer.status).toBeGreaterThanOrEqual(101);
      expect(answer.status).toBeLessThan(500);
      expect((await fetch(`${app.url}/livez`)).status).toBe(200);
    },
  );
});

test('a page of this server’s own host may open a socket', async () => {
  const socket = await RawSocket.open(app.graphqlUrl, { headers: { origin: app.url } });
  await socket.end();
});

test('who has not said who it is after three seconds is closed with 4408', async () => {
  expect(await silent.closedWith()).toBe(4408);
});

function init(payload: unknown): object {
  return { type: 'connection_init', payload };
}

function upgrade(path: string) {
  return rawRequest(app.url, (write) => {
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: ${new URL(app.url).host}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Protocol: graphql-transport-ws',
    ];
    write([...lines, '', ''].join('\r\n'));
    return () => undefined;
  });
}
