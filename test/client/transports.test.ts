import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClientOptions, TransportName } from '../../packages/client/src/client.ts';
import { eventually } from '../support/eventually.ts';
import { heldTraining, okFor } from '../support/runs-at-fal.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { quickClient } from '../support/quick-client.ts';
import { startGateway, type Policy } from '../support/gateway.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: NEVER_POLL });
const gateway = await startGateway(app.url);
const cable = await startTcpProxy([{ port: Number(new URL(gateway.url).port) }]);
afterAll(async () => {
  await cable.close();
  await gateway.close();
  await app.close();
});
beforeEach(() => Object.assign(gateway, { webSockets: 'pass', streams: 'pass', requests: 'pass' }));

/** Gives a transport up that does not answer. The next one has this time too. */
const IMPATIENT = { timing: { connectMs: 3000 } };

/** Watches a training that only `finish` ends. */
async function watchHeld(url: string, options: Partial<ClientOptions> = {}) {
  const held = await heldTraining(app);
  const connections: (TransportName | null)[] = [];
  const client = quickClient(url, options);
  const watch = client.watchAvatar(held.avatarId, {
    untilFinal: true,
    onConnection: (name) => connections.push(name),
  });
  return {
    client,
    watch,
    connections,
    connected: (name: TransportName, after = 0): Promise<true> =>
      eventually(name, () => connections.slice(after).includes(name)),
    finish: () => app.deliver(held, okFor(held.requestId)),
  };
}

describe('behind a proxy', () => {
  test.each<[webSockets: Policy, streams: Policy, expected: TransportName]>([
    ['pass', 'pass', 'websocket'],
    ['refuse', 'pass', 'sse'],
    ['swallow', 'pass', 'sse'],
    ['refuse', 'refuse', 'polling'],
    ['refuse', 'swallow', 'polling'],
    ['swallow', 'swallow', 'polling'],
  ])('WebSockets %s, event streams %s: the watch runs over %s', async (webSockets, streams, expected) => {
    Object.assign(gateway, { webSockets, streams });
    const swallowed = expected === 'polling' ? { timing: { connectMs: 500 } } : IMPATIENT;
    const options = [webSockets, streams].includes('swallow') ? swallowed : {};
    const { watch, connections, finish } = await watchHeld(gateway.url, options);

    const first = await watch.next();
    await finish();
    const last = await watch.next();

    expect([first.value?.status, last.value?.status]).toEqual(['QUEUED', 'COMPLETED']);
    expect(await watch.next()).toMatchObject({ done: true });
    expect(connections).toEqual([expected, null]);
  });

  test('what was learned of the proxy holds for the next watch', async () => {
    gateway.webSockets = 'swallow';
    const { client, watch } = await watchHeld(gateway.url, IMPATIENT);
    await watch.next();
    const before = gateway.upgrades;

    const { id } = await app.newAvatar();
    const second = client.watchAvatar(id);
    await second.next();

    expect(gateway.upgrades).toBe(before);
    await Promise.all([watch.return(), second.return()]);
  });

  test.each(['refuse', 'pass'] as const)(
    'a better transport is tried again (event streams %s)',
    async (streams) => {
      Object.assign(gateway, { webSockets: 'refuse', streams });
      const timing = { retryTransportMs: 300 };
      const { watch, connected, connections, finish } = await watchHeld(gateway.url, { timing });
      await watch.next();
      expect(connections[0]).toBe(streams === 'pass' ? 'sse' : 'polling');

      gateway.webSockets = 'pass';
      await connected('websocket');
      await finish();

      expect((await watch.next()).value).toMatchObject({ status: 'COMPLETED' });
      expect(connections.at(-2)).toBe('websocket');
    },
  );

  test('a fifth event stream would take the connections of a browser: it polls', async () => {
    gateway.webSockets = 'refuse';
    const client = quickClient(gateway.url);
    const names: (string | null)[] = [];
    const watches = [];
    for (let count = 0; count < 5; count++) {
      const { id } = await app.newAvatar();
      const watch = client.watchAvatar(id, { onConnection: (name) => names.push(name) });
      await watch.next();
      watches.push(watch);
    }

    expect(names).toEqual(['sse', 'sse', 'sse', 'sse', 'polling']);
    await Promise.all(watches.map((watch) => watch.return()));
  });
});

test('without a WebSocket class the watch runs over an event stream', async () => {
  const { watch, connections } = await watchHeld(gateway.url, { WebSocket: null });
  await watch.next();
  expect(connections).toEqual(['sse']);
  await watch.return();
});

test('a WebSocket that cannot be opened at all is done without', async () => {
  class Forbidden {
    constructor() {
      throw new Error('the policy of the page forbids it');
    }
    addEventListener(): void {
      throw new Error('never reached');
    }
  }
  const { watch, connections } = await watchHeld(gateway.url, { WebSocket: Forbidden });
  await watch.next();
  expect(connections).toEqual(['sse']);
  await watch.return();
});

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  const options = transport === 'websocket' ? {} : { WebSocket: null };
  beforeEach(() => void (gateway.streams = transport === 'polling' ? 'refuse' : 'pass'));

  test('a cut connection is made again, and no state is given twice', async () => {
    const { watch, connections, connected, finish } = await watchHeld(gateway.url, options);
    const { value: first } = await watch.next();

    for (let round = 0; round < 2; round++) {
      const seen = connections.length;
      gateway.cut();
      // Between two polls there is no connection.
      if (transport !== 'polling') await connected(transport, seen);
    }
    await finish();
    const { value: last } = await watch.next();

    expect(last).toMatchObject({ status: 'COMPLETED' });
    expect(last?.version).toBeGreaterThan(first?.version ?? Infinity);
  });

  test('a server that is not there yet is waited for', async () => {
    let requests = 0;
    const { watch, connections } = await watchHeld(cable.url, {
      ...options,
      fetch: (...asked) => {
        requests += 1;
        return fetch(...asked);
      },
    });
    await cable.close();
    const first = watch.next();
    await eventually('a first request to fail', () => requests > 1);
    await cable.reopen();

    expect((await first).value).toMatchObject({ status: 'QUEUED' });
    // The others may be found later, when polling works already.
    if (transport === 'polling') expect(connections).toEqual(['polling']);
    await watch.return();
  });
});

test.each<[TransportName, Partial<ClientOptions>]>([
  ['websocket', { timing: { pingMs: 200, connectMs: 3000 } }],
  ['sse', { WebSocket: null, timing: { silenceMs: 1500 } }],
])('over %s a connection without a sign of life is given up', async (transport, options) => {
  const lossy = await startTcpProxy([{ port: Number(new URL(app.url).port) }]);
  const { watch, connections, connected, finish } = await watchHeld(lossy.url, options);
  await watch.next();
  expect(connections).toEqual([transport]);

  lossy.lose();
  await connected(transport, 1);
  await finish();

  expect((await watch.next()).value).toMatchObject({ status: 'COMPLETED' });
  expect(connections.slice(0, 3)).toEqual([transport, null, transport]);
  await lossy.close();
});

test('connections that break at once, again and again, make another transport be tried', async () => {
  const { watch, connections, connected } = await watchHeld(gateway.url);
  await watch.next();
  while (!connections.includes('sse')) {
    const seen = connections.length;
    gateway.cut();
    await Promise.race([connected('websocket', seen), connected('sse', seen)]);
  }
  expect(connections.filter((name) => name === 'websocket')).toHaveLength(3);
  await watch.return();
});

test('an address without an API is BAD_RESPONSE, not waited for', async () => {
  const client = quickClient(`${app.url}/nothing`);
  await expect(client.watchAvatar('avt_1').next()).rejects.toMatchObject({
    code: 'BAD_RESPONSE',
    status: 404,
  });
});
