import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClientOptions, TransportName } from '../../packages/client/src/client.ts';
import { JWT_SECRET, tokenOf, unsignedTokenOf } from '../support/tokens.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { quickClient } from '../support/quick-client.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: { ...NEVER_POLL, AUTH_JWT_SECRET: JWT_SECRET } });
const gateway = await startGateway(app.url);
afterAll(async () => {
  await gateway.close();
  await app.close();
});

const good = await tokenOf('ada');
const bad = unsignedTokenOf('ada');

const train = (avatarId: string) => app.train({ avatarId }, { token: good });

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  beforeEach(() => void (gateway.streams = transport === 'polling' ? 'refuse' : 'pass'));

  /** Half a second. The server accepts the token of a request for 5 s more (CLOCK_TOLERANCE_S). */
  const shortLived = () => tokenOf('ada', { lifetimeS: transport === 'polling' ? -4.5 : 0.5 });

  function clientWith(token: ClientOptions['token']) {
    return quickClient(gateway.url, {
      ...(token === undefined ? {} : { token }),
      ...(transport === 'websocket' ? {} : { WebSocket: null }),
    });
  }

  test('a token that expires is renewed, and the watch goes on', async () => {
    const { id, version } = await app.newAvatar({}, { token: good });
    const connections: (TransportName | null)[] = [];
    let asked = 0;
    const client = clientWith(() => (++asked === 1 ? shortLived() : good));
    const watch = client.watchAvatar(id, { onConnection: (name) => connections.push(name) });

    expect((await watch.next()).value).toMatchObject({ version });
    await expect.poll(() => asked).toBeGreaterThan(1);
    await expect.poll(() => connections.at(-1)).toBe(transport);
    await train(id);

    expect((await watch.next()).value?.version).toBeGreaterThan(version);
    await watch.return();
  });

  test('a bad token ends the watch with UNAUTHENTICATED', async () => {
    const { id } = await app.newAvatar({}, { token: good });
    await expect(clientWith(bad).watchAvatar(id).next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await expect(clientWith(undefined).watchAvatar(id).next()).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
  });

  test('a function that gives the same bad token again ends the watch', async () => {
    const { id } = await app.newAvatar({}, { token: good });
    let asked = 0;
    const watch = clientWith(() => {
      asked += 1;
      return bad;
    }).watchAvatar(id);
    await expect(watch.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(await watch.next()).toMatchObject({ done: true });
    // Once for each transport that was tried, and once more.
    expect(asked).toBeLessThanOrEqual(3);
  });

  test('a function that gives only bad tokens is not asked for ever', async () => {
    const { id } = await app.newAvatar({}, { token: good });
    let asked = 0;
    const watch = clientWith(() => `${bad}${++asked}`).watchAvatar(id);
    await expect(watch.next()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(asked).toBeLessThan(15);
  });

  test('a token that is refused is replaced by the next one', async () => {
    const { id } = await app.newAvatar({}, { token: good });
    let asked = 0;
    const watch = clientWith(() => (++asked === 1 ? bad : good)).watchAvatar(id);
    expect((await watch.next()).value).toMatchObject({ id });
    await watch.return();
  });

  test('a fixed token that expires ends the watch', async () => {
    const { id } = await app.newAvatar({}, { token: good });
    const watch = clientWith(await shortLived()).watchAvatar(id);
    // On a busy machine it may expire before the first event.
    const toItsEnd = async () => {
      for await (const event of watch) expect(event.id).toBe(id);
    };
    await expect(toItsEnd()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  test('another owner’s avatar is NOT_FOUND', async () => {
    const { id } = await app.newAvatar({}, { token: good });
    const watch = clientWith(await tokenOf('bob')).watchAvatar(id);
    await expect(watch.next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('a token function that fails ends a watch that never worked, and delays one that did', async () => {
    const { id, version } = await app.newAvatar({}, { token: good });
    const cause = new Error('signed out');
    const failing = clientWith(() => Promise.reject(cause)).watchAvatar(id);
    await expect(failing.next()).rejects.toMatchObject({ code: 'TOKEN_UNAVAILABLE', cause });

    let failures: number | null = null;
    const watch = clientWith(() => {
      if (failures !== null && ++failures <= 2) throw cause;
      return good;
    }).watchAvatar(id);
    await watch.next();
    failures = 0;
    gateway.cut();
    await expect.poll(() => failures).toBeGreaterThan(2);
    await train(id);
    expect((await watch.next()).value?.version).toBeGreaterThan(version);
    await watch.return();
  });
});
