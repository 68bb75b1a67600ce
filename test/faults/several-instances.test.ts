import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { NEVER_POLL, startService, type Service } from '../support/service.ts';
import { runRedis, type OwnRedis } from '../support/redis.ts';
import { severalNeeds } from '../support/several-needs.ts';
import { TRANSPORTS } from '../support/instance.ts';

/** For a run of some tenths of a second, on a machine with much else to do. */
const PATIENCE_MS = 20_000;

const { title, isMissing } = await severalNeeds('three instances behind a balancer');

describe.skipIf(isMissing)(title, { timeout: 60_000 }, () => {
  let redis: OwnRedis;
  let service: Service;
  beforeAll(async () => {
    redis = await runRedis(await freePort());
    // What is seen anywhere came with a webhook, through the balancer.
    service = await startService({ instances: 3, redisUrl: redis.url, env: NEVER_POLL });
  });
  afterAll(async () => {
    await service.close();
    await redis.stop();
  });

  const three = () => [service.instance(1), service.instance(2), service.instance(3)] as const;

  /** Asks every instance, over both transports. */
  function everywhere<Watch>(
    open: (instance: Service['instances'][number], over: 'ws' | 'sse') => Watch,
  ): Watch[] {
    return service.instances.flatMap((instance) => TRANSPORTS.map((over) => open(instance, over)));
  }

  function rises(versions: readonly number[]): boolean {
    return versions.every((version, index) => index === 0 || version > (versions[index - 1] ?? 0));
  }

  test('a training started on one ends by a webhook on any, and subscribers of all see each step in order', async () => {
    const [first] = three();
    for (const _round of service.instances) {
      const id = await first.newAvatar();
      const watches = everywhere((instance, over) => instance.watchAvatar(over, { avatarId: id }));
      await Promise.all(watches.map((watch) => watch.until(({ status }) => status === 'DRAFT')));
      await first.train(id);
      for (const watch of watches) {
        const last = await watch.until(({ status }) => status === 'COMPLETED', 'the end', PATIENCE_MS);
        expect(last.isReady).toBe(true);
        expect(rises(watch.seen.map(({ version }) => version))).toBe(true);
        await watch.stop();
      }
    }
    // Every instance took a webhook, and none of them more than one of each run.
    const taken = service.instances.map((instance) =>
      instance.logged('run event recorded', { source: 'WEBHOOK', state: 'COMPLETED' }),
    );
    expect(taken).toEqual([1, 1, 1]);
  });

  test('a generation drawn on one is told to those who wait for it on the others', async () => {
    const [first, second] = three();
    const avatarId = await first.newAvatar();
    const training = second.watchAvatar('ws', { avatarId });
    await first.train(avatarId);
    await training.until(({ isReady }) => isReady);

    const { id } = await first.generate(avatarId);
    const watches = everywhere((instance, over) => instance.watchGeneration(over, { generationId: id }));
    for (const watch of watches) {
      const last = await watch.until(({ status }) => status === 'COMPLETED', 'the images', PATIENCE_MS);
      expect(last.images).toHaveLength(1);
      expect(rises(watch.seen.map(({ version }) => version))).toBe(true);
      // A generation that has ended changes no more: the stream is complete.
      await watch.ended();
    }
  });

  test('who watches all of their avatars on one instance sees those made and trained on another', async () => {
    const [first, second, third] = three();
    const watches = TRANSPORTS.map((over) => third.watchAvatar(over, {}));
    // Its first rows: it listens.
    const before = await second.newAvatar('Grace');
    for (const watch of watches) await watch.until(({ id }) => id === before);

    const id = await first.newAvatar('Mary');
    for (const watch of watches) await watch.until((row) => row.id === id && row.status === 'DRAFT');
    await second.train(id);
    for (const watch of watches) {
      await watch.until((row) => row.id === id && row.status === 'COMPLETED', 'the end', PATIENCE_MS);
      expect(rises(watch.seen.filter((row) => row.id === id).map(({ version }) => version))).toBe(true);
      await watch.stop();
    }
  });

  test('an avatar deleted on one instance ends the streams about it on all, and its late result revives nothing', async () => {
    const [first, second, third] = three();
    const id = await first.newAvatar();
    const watches = everywhere((instance, over) => instance.watchAvatar(over, { avatarId: id }));
    for (const watch of watches) await watch.next();
    await second.train(id, 'https://photos.example/a.zip?scenario=late');
    await third.deleteAvatar(id);
    for (const watch of watches) {
      await watch.ended();
      expect(watch.closedWith).toBeNull();
    }
    const delivered = () => service.simulator.deliveries().at(-1);
    await expect.poll(() => delivered()?.result, { timeout: 8000 }).toBe('accepted');
    for (const instance of service.instances) expect(await instance.avatar(id)).toBeNull();
  });
});
