import { afterAll, onTestFinished, test } from 'vitest';
import { connect } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { MAX_OPEN_RESPONSES } from '../../src/http/connection-tracker.ts';
import { keySetOfTest, published, serving } from '../support/token-keys.ts';
import { signedToken } from '../support/tokens.ts';
import { once } from 'node:events';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: { AUTH_JWT_SECRET: undefined } });
afterAll(() => app.close());

const STREAM = [
  `GET /graphql?query=${encodeURIComponent('subscription { avatarStatus { id } }')} HTTP/1.1`,
  'Host: localhost',
  'Accept: text/event-stream',
  '',
  '',
].join('\r\n');

/** A connection with requests for streams, sent at once: only the first response is on its way to the client. */
function request(streams: number) {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume().write(STREAM.repeat(streams));
  return socket;
}

const open = (count: number) =>
  eventually(`${count} open streams`, async () => (await app.listeners()) === count);

test('the end of a connection ends the work for all of its responses', async () => {
  const socket = request(3);
  await open(3);
  socket.destroy();
  await open(0);
});

test('a connection that waits for too many responses is closed', async () => {
  const socket = request(MAX_OPEN_RESPONSES);
  const closed = once(socket, 'close');
  await open(MAX_OPEN_RESPONSES);
  socket.write(STREAM);
  await closed;
  await open(0);
});

test('a stream whose client leaves before it is open takes no place', async () => {
  const key = await published('ES256');
  let answer = (): void => undefined;
  const keys = await keySetOfTest((response) => (answer = () => serving(key.jwk)(response)));
  const own = await startTestApp({
    env: { AUTH_JWKS_URL: keys.jwksUrl, AUTH_AUDIENCE: 'likeness', LIMIT_SUBSCRIPTIONS_PER_OWNER: '1' },
  });
  onTestFinished(() => own.close());
  const authorization = await signedToken({ sub: 'ada', aud: 'likeness' }, key.privateKey, key.header);
  const socket = connect(Number(new URL(own.url).port), '127.0.0.1');
  socket.write(STREAM.replace('Accept:', `Authorization: Bearer ${authorization}\r\nAccept:`));
  await eventually('the server to fetch the keys', () => keys.state.fetches > 0);
  socket.destroy();
  await once(socket, 'close');
  // Answered after the server has seen the end of the connection.
  await fetch(`${own.url}/livez`);
  answer();

  await own.newAvatar({}, { token: authorization });
  const watch = own.watchAvatar({}, { over: 'sse', token: authorization });
  await watch.next();
  await watch.stop();
});
