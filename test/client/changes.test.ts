import { afterAll, describe, expect, test } from 'vitest';
import type { Change, LikenessClient, Watch } from '../../packages/client/src/client.ts';
import { quickClient } from '../support/quick-client.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
const gateway = await startGateway(app.url);
afterAll(async () => {
  await gateway.close();
  await app.close();
});

/** A client that gets through by this transport only. */
function clientOver(transport: 'websocket' | 'sse' | null): LikenessClient {
  gateway.webSockets = transport === 'websocket' ? 'pass' : 'refuse';
  gateway.streams = transport === 'sse' ? 'pass' : 'refuse';
  return quickClient(gateway.url);
}

async function nextOf(watch: Watch<Change>): Promise<Change> {
  const { value } = await watch.next();
  if (value === undefined) throw new Error('The watch is over.');
  return value;
}

describe.each(['websocket', 'sse'] as const)('over %s', (transport) => {
  test('changes go on after a lost connection, without a gap and with one CaughtUp', async () => {
    const client = clientOver(transport);
    const connections: unknown[] = [];
    const watch = client.watchChanges({ onConnection: (name) => connections.push(name) });
    expect(await nextOf(watch)).toMatchObject({ __typename: 'CaughtUp' });
    const { id: avatarId } = await client.createAvatar({ name: 'Ada', trainingType: 'STYLE' });
    expect(await nextOf(watch)).toMatchObject({ __typename: 'AvatarChanged', avatar: { id: avatarId } });

    gateway.cut();
    await expect.poll(() => connections).toContain(null);
    await app.updateAvatar({ avatarId, name: 'Eve' });
    expect(await nextOf(watch)).toMatchObject({ avatar: { id: avatarId, name: 'Eve' } });
    await app.deleteAvatar(avatarId);
    expect(await nextOf(watch)).toMatchObject({ __typename: 'AvatarDeleted', avatarId });
    expect(connections).toEqual([transport, null, transport]);
    await watch.return();
  });

  test('with a cursor the changes after it come first, then CaughtUp', async () => {
    const client = clientOver(transport);
    const before = client.watchChanges();
    const { cursor } = await nextOf(before);
    await before.return();
    const { id } = await app.newAvatar();

    const watch = client.watchChanges({ after: cursor });
    const changed = await nextOf(watch);
    expect(changed).toMatchObject({ __typename: 'AvatarChanged', avatar: { id } });
    expect(await nextOf(watch)).toMatchObject({ __typename: 'CaughtUp' });
    await watch.return();
    const last = client.watchChanges({ after: changed.cursor });
    expect(await nextOf(last)).toMatchObject({ __typename: 'CaughtUp' });
    await last.return();
  });

  test('a text that is no cursor ends the watch with an error', async () => {
    const client = clientOver(transport);
    await expect(client.watchChanges({ after: 'x' }).next()).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });
});

test('an address without an API ends the watch with an error', async () => {
  gateway.streams = 'pass';
  const lost = quickClient(`${gateway.url}/nowhere`);
  await expect(lost.watchChanges().next()).rejects.toMatchObject({ code: 'BAD_RESPONSE', status: 404 });
});

test('a consumer that is busy misses the newest change of no object', async () => {
  const watch = clientOver('websocket').watchChanges();
  await nextOf(watch);
  const one = await app.newAvatar();
  const other = await app.newAvatar();
  await app.updateAvatar({ avatarId: one.id, name: 'Eve' });
  await app.updateAvatar({ avatarId: one.id, name: 'Mae' });

  const names = new Map<string, string>();
  while (names.get(one.id) !== 'Mae' || !names.has(other.id)) {
    const change = await nextOf(watch);
    if (change.__typename === 'AvatarChanged') names.set(change.avatar.id, change.avatar.name);
  }
  await watch.return();
});

test('where neither WebSockets nor streams get through, changes wait until one does', async () => {
  const client = clientOver(null);
  const connections: unknown[] = [];
  const watch = client.watchChanges({ onConnection: (name) => connections.push(name) });
  const first = nextOf(watch);
  const before = gateway.upgrades;
  await expect.poll(() => gateway.upgrades).toBeGreaterThan(before + 1);
  expect(connections).toEqual([]);
  gateway.streams = 'pass';
  expect(await first).toMatchObject({ __typename: 'CaughtUp' });
  await watch.return();
});
