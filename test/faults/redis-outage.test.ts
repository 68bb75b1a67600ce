import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startStack, type Stack } from '../support/stack.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { runRedis, type OwnRedis } from '../support/redis.ts';
import { neededServices } from '../support/needed-services.ts';
import { TRANSPORTS } from '../support/api-client.ts';

const DEGRADED = { status: 200, body: { status: 'degraded', redis: 'unreachable' } };

const { title, isMissing } = await neededServices('two instances whose Redis');

describe.skipIf(isMissing)(title, () => {
  let port: number;
  let redis: OwnRedis | null = null;
  let stack: Stack;
  beforeAll(async () => {
    port = await freePort();
    // Nothing listens on that port yet.
    stack = await startStack({
      instances: 2,
      database: 'postgres',
      env: { ...NEVER_POLL, REDIS_URL: `redis://127.0.0.1:${port}` },
    });
    // Webhooks reach the first only.
    stack.balancer.use([{ port: stack.server(1).port }]);
  });
  afterAll(async () => {
    await stack.close();
    await redis?.stop();
  });

  /** A whole training on the first instance; its subscribers on the second still wait. */
  async function trainingDuringOutage() {
    const [here, there] = [stack.server(1), stack.server(2)];
    const { id } = await here.newAvatar();
    const local = TRANSPORTS.map((over) => here.watchAvatar({ avatarId: id }, { over }));
    const remote = [{ avatarId: id }, {}].flatMap((variables) =>
      TRANSPORTS.map((over) => there.watchAvatar(variables, { over })),
    );
    await Promise.all(remote.map((watch) => watch.until((row) => row.id === id && row.status === 'DRAFT')));
    await here.startTraining({ avatarId: id });
    for (const watch of local) await watch.until(({ status }) => status === 'COMPLETED', 'the end, here');
    expect(await there.avatar(id)).toMatchObject({ status: 'COMPLETED', isReady: true });
    return { id, remote };
  }

  async function recovers({ id, remote }: Awaited<ReturnType<typeof trainingDuringOutage>>): Promise<void> {
    redis = await runRedis(port);
    for (const watch of remote) {
      await watch.until((row) => row.id === id && row.status === 'COMPLETED', 'the end, there');
      const versions = watch.seen.filter((row) => row.id === id).map(({ version }) => version);
      expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
      await watch.stop();
    }
    for (const server of stack.servers) {
      await expect.poll(() => server.readiness()).toEqual({ status: 200, body: { status: 'ready' } });
    }
    // Notifications cross instances again.
    const [here, there] = [stack.server(1), stack.server(2)];
    const watch = there.watchAvatar({ avatarId: id });
    const { version } = await watch.next();
    await here.startTraining({ avatarId: id });
    await watch.until((row) => row.version > version && row.status === 'COMPLETED', 'a second training');
    await watch.stop();
  }

  test('is absent at the start work, report that they are degraded, and notify their own subscribers', async () => {
    for (const server of stack.servers) expect(await server.readiness()).toEqual(DEGRADED);
    await recovers(await trainingDuringOutage());
  });

  test('is killed continue, and after its return all subscribers have the present state', async () => {
    await redis?.stop();
    for (const server of stack.servers) {
      await expect.poll(() => server.readiness()).toEqual(DEGRADED);
    }
    await recovers(await trainingDuringOutage());
    for (const server of stack.servers) {
      // One line for the begin and one for the end of each outage.
      expect(server.countLogged('Redis unavailable: notifications stay in this process')).toBe(2);
      expect(server.countLogged('Redis connected: notifications are shared')).toBe(2);
    }
  });

  test('restarts between a subscription and its event may lose the event, not the state', async () => {
    const [here, there] = [stack.server(1), stack.server(2)];
    const { id } = await here.newAvatar();
    const remote = TRANSPORTS.map((over) => there.watchAvatar({ avatarId: id }, { over }));
    for (const watch of remote) await watch.next();
    await redis?.stop();
    const training = here.startTraining({ avatarId: id });
    redis = await runRedis(port);
    await training;
    for (const watch of remote) {
      await watch.until(({ status }) => status === 'COMPLETED', 'the end');
      await watch.stop();
    }
  });
});
