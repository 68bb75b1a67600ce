import { connect } from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { aboutEnd, appWithOwnKeys, signedWebhook } from '../support/signed-webhooks.ts';
import { avatarNow, heldTraining } from '../support/held-runs.ts';
import { eventually } from '../support/eventually.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

test('a connection on which nothing was ever asked does not hold up the end', async () => {
  const { hostname, port } = new URL(app.url);
  const silent = connect(Number(port), hostname);
  await once(silent, 'connect');
  const began = performance.now();
  const closedAfter = once(silent.resume(), 'close').then(() => performance.now() - began);

  await app.restart();

  // Browsers open such connections ahead of need. A request under way gets five seconds.
  expect(await closedAfter).toBeLessThan(4500);
});

test('an answer that is left at its beginning does not hold up the end', async () => {
  const { hostname, port } = new URL(app.url);
  // Several megabytes: more than the buffers on the way take.
  const leaving = connect(Number(port), hostname);
  leaving.write('GET /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n');
  const [begun] = (await once(leaving, 'data')) as [Buffer];
  expect(String(begun)).toMatch(/^HTTP\/1.1 200 /);
  leaving.destroy();
  await once(leaving, 'close');

  const began = performance.now();
  await app.restart(() => Promise.resolve());

  expect(performance.now() - began).toBeLessThan(4500);
});

test('a request whose client has left is worked on to its end first', async () => {
  const { app: own, keys, close } = await appWithOwnKeys();
  try {
    const training = await heldTraining(own);
    const release = keys.hold();
    const leave = new AbortController();
    const left = fetch(signedWebhook(aboutEnd(training), keys.signer), { signal: leave.signal });
    await eventually('the server to ask for the keys', () => (keys.fetches() > 0 ? true : null));
    leave.abort();
    await expect(left).rejects.toThrow('aborted');

    const restarted = own.restart(() => Promise.resolve());
    await pause(300);
    release();
    await restarted;

    expect((await avatarNow(own, training.avatarId)).status).toBe('COMPLETED');
  } finally {
    await close();
  }
});
