import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { NEVER_POLL, startService, type Service } from '../support/service.ts';
import { runRedis, type OwnRedis } from '../support/redis.ts';
import { severalNeeds } from '../support/several-needs.ts';
import { TRANSPORTS } from '../support/instance.ts';

/** What a subscriber may wait for the truth once Redis takes connections again; Redis is tried every 2 s at the latest. */
const BOUND_MS = 6000;
const WAIT = { timeout: 10_000, interval: 50 };

const { title, isMissing } = await severalNeeds('two instances whose Redis goes and comes');

describe.skipIf(isMissing)(title, { timeout: 40_000 }, () => {
  let port: number;
  let redis: OwnRedis | null = null;
  let service: Service;
  beforeAll(async () => {
    port = await freePort();
    // Nobody is at that port yet.
    service = await startService({ instances: 2, redisUrl: `redis://127.0.0.1:${port}`, env: NEVER_POLL });
    // Webhooks go to the first only.
    service.balancer.use([service.instance(1).port]);
  });
  afterAll(async () => {
    await service.close();
    await redis?.stop();
  });

  /** A whole training on the first instance, watched there and on the second over both transports. */
  async function trainingDuringOutage() {
    const [here, there] = [service.instance(1), service.instance(2)];
    const id = await here.newAvatar();
    const local = TRANSPORTS.map((over) => here.watchAvatar(over, { avatarId: id }));
    const remote = [
      ...TRANSPORTS.map((over) => there.watchAvatar(over, { avatarId: id })),
      ...TRANSPORTS.map((over) => there.watchAvatar(over, {})),
    ];
    await Promise.all(remote.map((watch) => watch.until((row) => row.id === id && row.status === 'DRAFT')));
    await here.train(id);
    for (const watch of local) await watch.until(({ status }) => status === 'COMPLETED', 'the end, here');
    expect(await there.avatar(id)).toMatchObject({ status: 'COMPLETED', isReady: true });
    return { id, remote };
  }

  /** Starts Redis, and sees what was waiting for it. */
  async function returns({ id, remote }: Awaited<ReturnType<typeof trainingDuringOutage>>): Promise<void> {
    redis = await runRedis(port);
    const began = performance.now();
    for (const watch of remote) {
      await watch.until((row) => row.id === id && row.status === 'COMPLETED', 'the end, there', BOUND_MS);
      const versions = watch.seen.filter((row) => row.id === id).map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      await watch.stop();
    }
    expect(performance.now() - began).toBeLessThan(BOUND_MS);
    for (const instance of service.instances) {
      await expect.poll(() => instance.readiness(), WAIT).toEqual({ status: 200, body: { status: 'ready' } });
    }
    // And from now on news crosses at once.
    const [here, there] = [service.instance(1), service.instance(2)];
    const watch = there.watchAvatar('ws', { avatarId: id });
    const { version } = await watch.next();
    await here.train(id);
    await watch.until((row) => row.version > version && row.status === 'COMPLETED', 'a second training');
    await watch.stop();
  }

  test('absent when they start: they work, say they are degraded, and tell their own subscribers', async () => {
    for (const instance of service.instances) {
      expect(await instance.readiness()).toEqual({
        status: 200,
        body: { status: 'degraded', redis: 'unreachable' },
      });
    }
    await returns(await trainingDuringOutage());
  });

  test('killed while they run: they go on, and when it is back everyone everywhere has the true state', async () => {
    await redis?.stop();
    for (const instance of service.instances) {
      await expect
        .poll(async () => (await instance.readiness()).body, WAIT)
        .toMatchObject({ status: 'degraded' });
    }
    await returns(await trainingDuringOutage());
    for (const instance of service.instances) {
      // One line an outage, and one for each end of one.
      expect(instance.logged('Redis unavailable: notifications stay in this process')).toBe(2);
      expect(instance.logged('Redis connected: notifications are shared')).toBe(2);
    }
  });

  test('restarted between a subscription and its event: the event may be lost, the state is not', async () => {
    const [here, there] = [service.instance(1), service.instance(2)];
    const id = await here.newAvatar();
    const remote = TRANSPORTS.map((over) => there.watchAvatar(over, { avatarId: id }));
    for (const watch of remote) await watch.next();
    await redis?.stop();
    const training = here.train(id);
    redis = await runRedis(port);
    await training;
    for (const watch of remote) {
      await watch.until(({ status }) => status === 'COMPLETED', 'the end', BOUND_MS);
      await watch.stop();
    }
  });
});
