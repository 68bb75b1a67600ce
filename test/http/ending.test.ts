import { connect } from 'node:net';
import { once } from 'node:events';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { aboutEnd, appWithOwnKeys, post, signedWebhook } from '../support/signed-webhooks.ts';
import { eventually } from '../support/eventually.ts';
import { heldTraining } from '../support/runs-at-fal.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());
afterEach(() => void vi.useRealTimers());

/** Requests under way get five seconds to end; with the clock stopped, an end that needs them never comes. */
async function restartWithoutGrace(): Promise<void> {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  await app.restart(async () => void vi.useRealTimers());
}

test('a connection without a request does not delay the end', async () => {
  const { hostname, port } = new URL(app.url);
  // Browsers open such connections ahead of need.
  const silent = connect(Number(port), hostname);
  await once(silent, 'connect');
  const closed = once(silent.resume(), 'close');

  await restartWithoutGrace();
  await closed;
});

test('an answer that its client abandoned does not delay the end', async () => {
  const { hostname, port } = new URL(app.url);
  // Several megabytes: more than the buffers on the way take.
  const leaving = connect(Number(port), hostname);
  leaving.write('GET /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n');
  const [begun] = (await once(leaving, 'data')) as [Buffer];
  expect(String(begun)).toMatch(/^HTTP\/1.1 200 /);
  leaving.destroy();
  await once(leaving, 'close');

  await restartWithoutGrace();
});

test('a request whose client has left is completed before the end', async () => {
  const { app: own, keys, close } = await appWithOwnKeys();
  try {
    const training = await heldTraining(own);
    const release = keys.hold();
    const leave = new AbortController();
    const left = post(signedWebhook(aboutEnd(training), keys.signer), leave.signal);
    await eventually('the server to ask for the keys', () => keys.fetches() > 0);
    leave.abort();
    await expect(left).rejects.toThrow('aborted');

    const restarted = own.restart();
    await eventually('the server to take no more requests', async () => {
      const ready = await fetch(`${own.url}/readyz`).catch(() => null);
      return ready?.ok !== true;
    });
    release();
    await restarted;

    expect((await own.avatarNow(training.avatarId)).status).toBe('COMPLETED');
  } finally {
    await close();
  }
});
