import { afterAll, describe, expect, test } from 'vitest';
import type { LikenessClient, TransportName } from '../../packages/client/src/client.ts';
import { eventually } from '../support/eventually.ts';
import { heldTraining, okFor } from '../support/runs-at-fal.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { photos } from '../support/api-client.ts';
import { quickClient } from '../support/quick-client.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ env: NEVER_POLL });
const gateway = await startGateway(app.url);
afterAll(async () => {
  await gateway.close();
  await app.close();
});

/** A client that gets through by this transport only. */
function clientOver(transport: TransportName): LikenessClient {
  gateway.webSockets = transport === 'websocket' ? 'pass' : 'refuse';
  gateway.streams = transport === 'polling' ? 'refuse' : 'pass';
  return quickClient(gateway.url);
}

const versionsOf = (rows: readonly { readonly version: number }[]) => rows.map(({ version }) => version);
const increasing = (versions: readonly number[]) => [...new Set(versions)].toSorted((a, b) => a - b);

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  test('an avatar is watched from its present state to the end of the training', async () => {
    const client = clientOver(transport);
    const { id } = await client.createAvatar({ name: 'Ada', trainingType: 'PORTRAIT' });
    const connections: unknown[] = [];
    const rows = [];
    const watch = client.watchAvatar(id, {
      untilFinal: true,
      onConnection: (name) => connections.push(name),
    });
    for await (const avatar of watch) {
      if (rows.length === 0) await client.startTraining({ avatarId: id, imagesUrl: photos('slow') });
      rows.push(avatar);
    }

    expect(rows[0]).toMatchObject({ id, status: 'DRAFT' });
    expect(rows.at(-1)).toMatchObject(await app.avatarNow(id));
    expect(rows.at(-1)).toMatchObject({ status: 'COMPLETED', isReady: true });
    expect(versionsOf(rows)).toEqual(increasing(versionsOf(rows)));
    expect(connections).toEqual([transport, null]);
  });

  test('without untilFinal the watch goes on, until the avatar is deleted', async () => {
    const client = clientOver(transport);
    const { id } = await app.trainedAvatar();
    const watch = client.watchAvatar(id);

    expect((await watch.next()).value).toMatchObject({ status: 'COMPLETED' });
    await client.deleteAvatar({ avatarId: id });

    expect(await watch.next()).toEqual({ done: true, value: undefined });
  });

  test('a generation is watched to its end', async () => {
    const client = clientOver(transport);
    const { id: avatarId } = await app.trainedAvatar({ trainingType: 'STYLE' });
    const { id } = await client.generateImage({ avatarId, prompt: 'tea [[slow]]' });

    const rows = [];
    for await (const generation of client.watchGeneration(id)) rows.push(generation);

    expect(rows.at(-1)).toMatchObject({ id, status: 'COMPLETED', images: [{}] });
    expect(versionsOf(rows)).toEqual(increasing(versionsOf(rows)));
    // What is polled has the fields of what is pushed.
    expect(Object.keys(rows.at(-1) ?? {})).toEqual(
      Object.keys((await client.generation(id)) ?? {}).filter((name) => name !== 'avatar'),
    );
  });

  test('what does not exist is NOT_FOUND', async () => {
    const client = clientOver(transport);
    const missing = 'avt_00000000000070008000000000000000';
    await expect(client.watchAvatar(missing).next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(client.watchGeneration('nonsense').next()).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('afterVersion leaves out a state that the caller has', async () => {
    const client = clientOver(transport);
    const { id, version } = await app.newAvatar();
    const watch = client.watchAvatar(id, { afterVersion: version });
    const next = watch.next();
    await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });

    const { value } = await next;
    expect(value?.version).toBeGreaterThan(version);
    await watch.return();
  });

  test('a slow consumer gets the newest state instead of those it missed', async () => {
    const client = clientOver(transport);
    const held = await heldTraining(app);
    const { avatarId } = held;
    const watch = client.watchAvatar(avatarId);
    await watch.next();

    await app.deliver(held, okFor(held.requestId));
    await app.startTraining({ avatarId, imagesUrl: photos('stuck-in-queue') });
    const now = await app.avatarNow(avatarId);
    await expect.poll(async () => (await watch.next()).value?.version).toBe(now.version);
    await watch.return();
  });

  test('a watch that was left has no connection', async () => {
    const client = clientOver(transport);
    const { id } = await app.newAvatar();
    const controller = new AbortController();
    const left = client.watchAvatar(id);
    const aborted = client.watchAvatar(id, { signal: controller.signal });
    await Promise.all([left.next(), aborted.next()]);
    const waiting = aborted.next();

    controller.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await left.return()).toEqual({ done: true, value: undefined });
    expect(await left.next()).toEqual({ done: true, value: undefined });

    await eventually(
      'every connection to be closed',
      () => gateway.open.webSockets + gateway.open.streams === 0,
    );
  });
});

test('all watches of a client share one WebSocket', async () => {
  const client = clientOver('websocket');
  const ids = await Promise.all([1, 2, 3].map(async () => (await app.newAvatar()).id));
  const before = gateway.upgrades;
  const watches = ids.map((id) => client.watchAvatar(id));

  const rows = await Promise.all(watches.map((watch) => watch.next()));

  expect(rows.map(({ value }) => value?.id)).toEqual(ids);
  expect(gateway.upgrades - before).toBe(1);
  await Promise.all(watches.map((watch) => watch.return()));
});

test('a watch begun in the moment that the last one ends keeps the WebSocket', async () => {
  const client = clientOver('websocket');
  const { id } = await app.newAvatar();
  const first = client.watchAvatar(id);
  await first.next();
  const before = gateway.upgrades;

  void first.return();
  const second = client.watchAvatar(id);

  expect((await second.next()).value).toMatchObject({ id });
  expect(gateway.upgrades).toBe(before);
  await second.return();
});

test('a watch that nobody iterates connects to nothing', async () => {
  const client = clientOver('websocket');
  const before = gateway.upgrades;
  const watch = client.watchAvatar('avt_00000000000070008000000000000000');
  await watch.return();
  expect(await watch.next()).toEqual({ done: true, value: undefined });
  expect(gateway.upgrades).toBe(before);
});
