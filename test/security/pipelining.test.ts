import { afterAll, test } from 'vitest';
import { connect } from 'node:net';
import { eventually } from '../support/eventually.ts';
import { MAX_OPEN_RESPONSES } from '../../src/http/connection-tracker.ts';
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
  eventually(`${count} open streams`, async () =>
    (await app.metric('likeness_subscription_listeners')) === count ? true : null,
  );

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
