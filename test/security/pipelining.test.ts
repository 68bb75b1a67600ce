import { afterAll, test } from 'vitest';
import { connect } from 'node:net';
import { eventually } from '../support/eventually.ts';
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
