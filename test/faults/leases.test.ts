import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { errorFor } from '../support/runs-at-fal.ts';
import { eventually } from '../support/eventually.ts';
import { fileURLToPath } from 'node:url';
import { rm } from 'node:fs/promises';
import { freePort } from '../support/free-port.ts';
import { startStack, type Stack, type StackOptions } from '../support/stack.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { photos } from '../support/api-client.ts';
import { runRedis, type OwnRedis } from '../support/redis.ts';
import { neededServices } from '../support/needed-services.ts';
import { isSubmit, type Hold, type ProxiedRequest } from '../support/fault-proxy.ts';

const FREEZE_AT_FAILURE = fileURLToPath(new URL('freeze-at-failure.mjs', import.meta.url));
const INTERVAL_MS = 200;
const POLLING = { RECONCILE_INTERVAL_MS: String(INTERVAL_MS) };
const polling = await neededServices('three instances that poll', ['postgres']);
const failing = await neededServices('an instance that fails while others run');

const isPoll = ({ method, path }: ProxiedRequest) => method === 'GET' && path.includes('/status');

describe.skipIf(polling.isMissing)(polling.title, () => {
  let stack: Stack;
  let held: Hold | undefined;
  beforeAll(async () => {
    stack = await startStack({
      instances: 3,
      database: 'postgres',
      env: { ...POLLING, PUBLIC_URL: undefined },
    });
  });
  afterAll(() => stack.close());
  afterEach(() => held?.release());

  async function training(scenario: 'stuck' | 'silent') {
    const { id } = await stack.server().newAvatar();
    const { falRequestId } = await stack
      .server()
      .startTraining({ avatarId: id, imagesUrl: photos(scenario) });
    if (falRequestId === null) throw new Error('fal did not accept the training');
    return { avatarId: id, requestId: falRequestId };
  }

  const pollsOf = (requestId: string) =>
    stack.fal.requests.filter((request) => isPoll(request) && request.path.includes(requestId));

  test('poll one run at most once an interval, all together', async () => {
    // While one instance waits for fal, the others come to their next iteration.
    stack.fal.slowDown(INTERVAL_MS);
    const { requestId, avatarId } = await training('stuck');
    const polls = await eventually('eight polls', () =>
      pollsOf(requestId).length >= 8 ? pollsOf(requestId) : null,
    );
    stack.fal.slowDown(0);
    await stack.server().deleteAvatar(avatarId);
    const gaps = polls.slice(1).map(({ at }, index) => at - (polls[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(INTERVAL_MS);
  });

  test('never poll one run twice at a time, however long fal takes to answer', async () => {
    held = stack.fal.holdAnswers(isPoll);
    const runs: string[] = [];
    // A poll of a later run proves an iteration after the earlier ones became due.
    for (const count of [1, 2, 3]) {
      runs.push((await training('silent')).requestId);
      await held.reached(count);
    }
    expect(runs.map((requestId) => pollsOf(requestId).length)).toEqual([1, 1, 1]);
    held.release();
    await eventually('the three ends', async () => {
      const rows = await stack.sql(
        `SELECT 1 FROM jobs WHERE fal_request_id = ANY ($1) AND state = 'COMPLETED'`,
        [runs],
      );
      return rows.length === 3;
    });
    const recorded = () =>
      stack.servers.reduce(
        (sum, server) => sum + server.countLogged('run event recorded', { state: 'COMPLETED' }),
        0,
      );
    await expect.poll(recorded).toBe(3);
  });
});

describe.skipIf(failing.isMissing)(failing.title, () => {
  let redis: OwnRedis;
  let stack: Stack;
  beforeEach(async () => {
    redis = await runRedis(await freePort());
  });
  afterEach(async () => {
    await stack.close();
    await redis.stop();
  });

  const begin = async (instances: number, env: StackOptions['env'] = POLLING) => {
    stack = await startStack({ instances, database: 'postgres', env: { REDIS_URL: redis.url, ...env } });
    return stack.server();
  };

  /** Moves the database's clock: the lease ends now. */
  const endLeases = () => stack.sql('UPDATE jobs SET next_poll_at = now()');

  /** A training whose first poll waits at the proxy, and an instance that joined since. */
  async function duringPoll() {
    const first = await begin(1, { ...POLLING, PUBLIC_URL: undefined });
    const polls = stack.fal.holdAnswers(isPoll, 1);
    const { id } = await first.newAvatar();
    const watch = first.watchAvatar({ avatarId: id });
    await first.startTraining({ avatarId: id, imagesUrl: photos('silent') });
    await polls.reached(1);
    return { first, second: await stack.join(), polls, id, watch };
  }

  /** A training whose submit fal has answered; the answer waits at the proxy. Webhooks go to the second instance. */
  async function duringSubmit() {
    const first = await begin(2);
    const second = stack.server(2);
    stack.balancer.use([{ port: second.port }]);
    const submits = stack.fal.holdAnswers(isSubmit, 1);
    const { id } = await first.newAvatar();
    const training = first.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
    training.catch(() => undefined);
    await submits.reached(1);
    return { first, second, submits, id, training };
  }

  // A wait of the tests is shorter than the lease, so that its end is not what they see.
  test('killed during a poll, it is followed by another one before its lease ends, which finds the end', async () => {
    const { first, second, id } = await duringPoll();
    const watch = second.watchAvatar({ avatarId: id });
    expect((await watch.next()).status).toBe('QUEUED');
    await first.kill();

    await second.logged(({ msg }) => msg === 'leases of a dead instance taken over', 'taking over');
    await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    expect(second.countLogged('run event recorded', { state: 'COMPLETED', source: 'POLL' })).toBe(1);
    expect(stack.fal.requests.filter(isPoll)).toHaveLength(2);
    expect(stack.simulator.requests()).toHaveLength(1);
  });

  test('killed during a poll, it is followed before its lease ends although polls are an hour apart', async () => {
    const first = await begin(2, { ...NEVER_POLL, PUBLIC_URL: undefined });
    const second = stack.server(2);
    await first.kill();
    await first.start({ env: POLLING });
    const polls = stack.fal.holdAnswers(isPoll, 1);
    const { id } = await first.newAvatar();
    await first.startTraining({ avatarId: id, imagesUrl: photos('silent') });
    await polls.reached(1);
    await first.kill();
    const watch = second.watchAvatar({ avatarId: id });
    await watch.until(({ status }) => status === 'COMPLETED', 'the end');
  });

  test('stopped in order, it leaves no row and no lease', async () => {
    const { first, second, id } = await duringPoll();
    await first.terminate();
    const watch = second.watchAvatar({ avatarId: id });
    await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    expect(second.countLogged('leases of a dead instance taken over')).toBe(0);
    expect(await stack.sql('SELECT 1 FROM instances')).toHaveLength(1);
  });

  test('frozen during a poll, it loses its lease, and the old answer changes nothing', async () => {
    const { first, second, polls, id, watch: own } = await duringPoll();
    first.signal('SIGSTOP');
    polls.release();

    await endLeases();
    const watch = second.watchAvatar({ avatarId: id });
    const { version } = await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    first.signal('SIGCONT');

    // Its own subscribers get the end too, and it continues to work.
    await own.until((row) => row.status === 'COMPLETED' && row.version === version, 'the end, late');
    await first.logged(({ msg }) => msg === 'run event changed nothing', 'reading the answer');
    expect(await first.avatar(id)).toMatchObject({ status: 'COMPLETED', version });
    expect(first.countLogged('run event recorded', { state: 'COMPLETED' })).toBe(0);
    expect(stack.simulator.requests()).toHaveLength(1);
    expect(await stack.sql('SELECT next_poll_at FROM jobs')).toEqual([{ next_poll_at: null }]);
  });

  test.each(['killed', 'frozen'] as const)(
    '%s between submit and answer, its run shows as unknown, is not paid for twice, and ends by its webhook',
    async (how) => {
      const { first, second, submits, id, training } = await duringSubmit();
      if (how === 'killed') await first.kill();
      else first.signal('SIGSTOP');
      submits.release();

      const watch = second.watchAvatar({ avatarId: id }, { over: how === 'killed' ? 'sse' : 'ws' });
      await endLeases();
      const unknown = await watch.until(({ error }) => error !== null, 'the unknown outcome');
      expect(unknown).toMatchObject({ status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
      const webhook = stack.webhookOf();
      expect(await stack.simulator.deliver(webhook)).toBe(200);
      const done = await watch.until(({ status }) => status === 'COMPLETED', 'the end');
      expect(done).toMatchObject({ isReady: true, falRequestId: webhook.requestId, error: null });

      if (how === 'killed') await expect(training).rejects.toThrow();
      else {
        first.signal('SIGCONT');
        // Its caller gets the present state, not the one at the time of the call.
        expect(await training).toMatchObject({
          status: 'COMPLETED',
          falRequestId: webhook.requestId,
          version: done.version,
        });
      }
      expect(await second.avatar(id)).toMatchObject({ status: 'COMPLETED', version: done.version });
      expect(stack.simulator.requests()).toHaveLength(1);
    },
  );

  test('frozen between reading and writing, it loses its late write to the instance that wrote first', async () => {
    const first = await begin(2, NEVER_POLL);
    const second = stack.server(2);
    await first.kill();
    await first.start({ preload: [FREEZE_AT_FAILURE] });
    const { id } = await second.newAvatar();
    await second.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });
    const webhook = stack.webhookOf();
    stack.balancer.use([{ port: first.port }]);
    const late = stack.simulator.deliver({ ...webhook, body: errorFor(webhook.requestId) });
    await first.logged(({ msg }) => msg === 'frozen', 'the late write');

    stack.balancer.use([{ port: second.port }]);
    expect(await stack.simulator.deliver(webhook)).toBe(200);
    const { status, version = 0 } = (await second.avatar(id)) ?? {};
    expect(status).toBe('COMPLETED');

    first.signal('SIGCONT');
    expect(await late).toBe(200);
    expect(await first.avatar(id)).toMatchObject({ status: 'COMPLETED', isReady: true, version });
    expect(first.countLogged('run event recorded', { state: 'FAILED' })).toBe(0);
  });
});

describe('the only process of an embedded database, killed and started again', () => {
  let stack: Stack;
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await copyEmbeddedTemplate();
    stack = await startStack({ database: { DATA_DIR: dataDir }, env: { ...POLLING, PUBLIC_URL: undefined } });
  });
  afterEach(async () => {
    await stack.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** The lease, or the time of the submit, lasts longer than any wait of the tests. */
  const delayPolls = () =>
    stack.atDatabase(({ pool }) =>
      pool.query(
        `UPDATE jobs SET next_poll_at = next_poll_at + interval '90 s', leased_until = leased_until + interval '90 s'`,
      ),
    );

  test('during a poll, polls the run at once and finds its end', async () => {
    const server = stack.server();
    const polls = stack.fal.holdAnswers(isPoll, 1);
    const { id } = await server.newAvatar();
    await server.startTraining({ avatarId: id, imagesUrl: photos('silent') });
    await polls.reached(1);
    await server.kill();
    await delayPolls();
    await server.start();
    expect(await server.settled(id)).toMatchObject({ status: 'COMPLETED' });
    expect(stack.simulator.requests()).toHaveLength(1);
  });

  test('during a submit, shows the outcome as unknown at once and submits nothing', async () => {
    const server = stack.server();
    const submits = stack.fal.holdAnswers(isSubmit, 1);
    const { id } = await server.newAvatar();
    server.startTraining({ avatarId: id, imagesUrl: photos('silent') }).catch(() => undefined);
    await submits.reached(1);
    await server.kill();
    await delayPolls();
    await server.start();
    const watch = server.watchAvatar({ avatarId: id });
    await watch.until(({ error }) => error?.code === 'SUBMIT_OUTCOME_UNKNOWN', 'the unknown outcome');
    expect(stack.simulator.requests()).toHaveLength(1);
  });
});
