import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { photos, TRANSPORTS, type Transport } from '../support/api-client.ts';
import { runRedis, type OwnRedis } from '../support/redis.ts';
import { neededServices } from '../support/needed-services.ts';
import type { Server } from '../support/server.ts';

const { title, isMissing } = await neededServices('three instances behind a balancer');

describe.skipIf(isMissing)(title, () => {
  let redis: OwnRedis;
  let stack: Stack;
  beforeAll(async () => {
    redis = await runRedis(await freePort());
    // Every change arrives as a webhook, through the balancer.
    stack = await startStack({
      instances: 3,
      database: 'postgres',
      env: { ...NEVER_POLL, REDIS_URL: redis.url },
    });
  });
  afterAll(async () => {
    await stack.close();
    await redis.stop();
  });

  const three = () => [stack.server(1), stack.server(2), stack.server(3)] as const;

  /** One on every instance, over both transports. */
  function everywhere<Watch>(open: (server: Server, over: Transport) => Watch): Watch[] {
    return stack.servers.flatMap((server) => TRANSPORTS.map((over) => open(server, over)));
  }

  function rises(versions: readonly number[]): boolean {
    return versions.every((version, index) => index === 0 || version > (versions[index - 1] ?? 0));
  }

  test('a training started on one ends by a webhook on any, and all subscribers see each step in order', async () => {
    const [first] = three();
    for (const _round of stack.servers) {
      const { id } = await first.newAvatar();
      const watches = everywhere((server, over) => server.watchAvatar({ avatarId: id }, { over }));
      await Promise.all(watches.map((watch) => watch.until(({ status }) => status === 'DRAFT')));
      await first.startTraining({ avatarId: id });
      for (const watch of watches) {
        const last = await watch.until(({ status }) => status === 'COMPLETED', 'the end');
        expect(last.isReady).toBe(true);
        expect(rises(watch.seen.map(({ version }) => version))).toBe(true);
        await watch.stop();
      }
    }
    // Each instance got one webhook of one run.
    const webhooks = stack.servers.map((server) =>
      server.countLogged('run event recorded', { source: 'WEBHOOK', state: 'COMPLETED' }),
    );
    expect(webhooks).toEqual([1, 1, 1]);
  });

  test('a generation made on one reaches its subscribers on the others', async () => {
    const [first, second] = three();
    const { id: avatarId } = await first.newAvatar();
    const training = second.watchAvatar({ avatarId });
    await first.startTraining({ avatarId });
    await training.until(({ isReady }) => isReady);

    const { id } = await first.generate({ avatarId });
    const watches = everywhere((server, over) => server.watchGeneration({ generationId: id }, { over }));
    for (const watch of watches) {
      const last = await watch.until(({ status }) => status === 'COMPLETED', 'the images');
      expect(last.images).toHaveLength(1);
      expect(rises(watch.seen.map(({ version }) => version))).toBe(true);
      // A finished generation never changes again, so the stream completes.
      await watch.ended();
    }
  });

  test('a subscription to all avatars on one sees those created and trained on another', async () => {
    const [first, second, third] = three();
    const watches = TRANSPORTS.map((over) => third.watchAvatar({}, { over }));
    const { id: earlier } = await second.newAvatar({ name: 'Grace' });
    for (const watch of watches) await watch.until((row) => row.id === earlier);

    const { id } = await first.newAvatar({ name: 'Mary' });
    for (const watch of watches) await watch.until((row) => row.id === id && row.status === 'DRAFT');
    await second.startTraining({ avatarId: id });
    for (const watch of watches) {
      await watch.until((row) => row.id === id && row.status === 'COMPLETED', 'the end');
      expect(rises(watch.seen.filter((row) => row.id === id).map(({ version }) => version))).toBe(true);
      await watch.stop();
    }
  });

  test('an avatar deleted on one ends its streams on all, and its late result revives nothing', async () => {
    const [first, second, third] = three();
    const { id } = await first.newAvatar();
    const watches = everywhere((server, over) => server.watchAvatar({ avatarId: id }, { over }));
    for (const watch of watches) await watch.next();
    await second.startTraining({ avatarId: id, imagesUrl: photos('late') });
    await third.deleteAvatar(id);
    for (const watch of watches) {
      await watch.ended();
      expect(watch.closedWith).toBeNull();
    }
    const lastDelivery = () => stack.simulator.deliveries().at(-1)?.result;
    await expect.poll(lastDelivery).toBe('accepted');
    for (const server of stack.servers) expect(await server.avatar(id)).toBeNull();
  });
});
