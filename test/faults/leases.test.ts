import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { okFor } from '../support/held-runs.ts';
import { photos } from '../support/api-steps.ts';
import { severalNeeds } from '../support/several-needs.ts';
import { startService, type Service } from '../support/service.ts';
import type { Held, SeenRequest } from '../support/answer-gate.ts';

const INTERVAL_MS = 200;
const { title, isMissing } = await severalNeeds('three instances that poll', ['postgres']);

function isLook({ method, path }: SeenRequest): boolean {
  return method === 'GET' && path.includes('/status');
}

describe.skipIf(isMissing)(title, { timeout: 30_000 }, () => {
  let service: Service;
  beforeAll(async () => {
    const env = { PUBLIC_URL: undefined, RECONCILE_INTERVAL_MS: String(INTERVAL_MS) };
    service = await startService({ instances: 3, env });
  });
  afterAll(() => service.close());

  let held: Held | null;
  beforeEach(() => (held = null));
  afterEach(() => held?.release());

  async function training(scenario: 'stuck' | 'silent'): Promise<{ avatarId: string; requestId: string }> {
    const first = service.instance(1);
    const avatarId = await first.newAvatar();
    const { falRequestId } = await first.train(avatarId, photos(scenario));
    if (falRequestId === null) throw new Error('fal did not take it');
    return { avatarId, requestId: falRequestId };
  }

  const looksAt = (requestId: string) =>
    service.fal.requests.filter((request) => isLook(request) && request.path.includes(requestId));

  test('ask fal for one run once an interval at most, all of them together', async () => {
    // Time enough for the other instances to sweep while one waits for fal.
    service.fal.slowDown(INTERVAL_MS);
    const { requestId, avatarId } = await training('stuck');
    const looks = await eventually(
      'eight looks',
      () => {
        const made = looksAt(requestId);
        return made.length >= 8 ? made : null;
      },
      20_000,
    );
    service.fal.slowDown(0);
    await service.instance(1).deleteAvatar(avatarId);
    const gaps = looks.slice(1).map(({ at }, index) => at - (looks[index]?.at ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(INTERVAL_MS);
  });

  test('never look at one run two at a time, however long fal takes to answer', async () => {
    held = service.fal.hold(isLook);
    const runs: string[] = [];
    // That a later run is looked at shows that somebody swept after the earlier ones had become due.
    for (const count of [1, 2, 3]) {
      runs.push((await training('silent')).requestId);
      await eventually(`look ${count}`, () => (held?.count() === count ? true : null));
    }
    expect(runs.map((requestId) => looksAt(requestId).length)).toEqual([1, 1, 1]);
    held.release();
    for (const requestId of runs) {
      await eventually('the end', async () => {
        const rows = await service.sql('SELECT 1 FROM jobs WHERE fal_request_id = $1 AND state = $2', [
          requestId,
          'COMPLETED',
        ]);
        return rows[0];
      });
    }
    const recorded = () =>
      service.instances
        .map((instance) => instance.logged('run event recorded', { state: 'COMPLETED' }))
        .reduce((sum, count) => sum + count);
    await expect.poll(recorded, { timeout: 8000 }).toBe(3);
  });
});

const alone = await severalNeeds('an instance killed with -9', ['postgres']);

describe.skipIf(alone.isMissing)(alone.title, { timeout: 60_000 }, () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService({ instances: 1, env: { RECONCILE_INTERVAL_MS: String(INTERVAL_MS) } });
  });
  afterEach(() => service.close());

  /** What only waiting would bring about otherwise: the lease ends now. Nothing else of the row is touched. */
  const endLeases = () => service.sql('UPDATE jobs SET next_poll_at = now()');

  test('in the middle of a look at fal is followed by another one, which finds the end of the run', async () => {
    const first = service.instance(1);
    const looks = service.fal.hold(isLook, 1);
    const id = await first.newAvatar();
    await first.train(id, photos('silent'));
    await eventually('the look', () => (looks.count() === 1 ? true : null));
    const second = await service.join();
    await first.kill();

    const watch = second.watchAvatar('ws', { avatarId: id });
    expect((await watch.next()).status).toBe('QUEUED');
    const [lease] = await service.sql<{ seconds: number }>(
      'SELECT extract(epoch FROM next_poll_at - now())::int AS seconds FROM jobs',
    );
    expect(lease?.seconds).toBeGreaterThan(60);
    expect(lease?.seconds).toBeLessThanOrEqual(120);
    expect(service.fal.requests.filter(isLook)).toHaveLength(1);

    await endLeases();
    await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    expect(second.logged('run event recorded', { state: 'COMPLETED', source: 'POLL' })).toBe(1);
    expect(service.simulator.requests()).toHaveLength(1);
  });

  test('between its submit and fal’s answer leaves a run that shows as unknown, is not paid twice, and ends by its webhook', async () => {
    const first = service.instance(1);
    const submits = service.fal.hold(({ method }) => method === 'POST', 1);
    const id = await first.newAvatar();
    const lost = expect(first.train(id, photos('stuck-in-queue'))).rejects.toThrow();
    await eventually('fal’s answer', () => (submits.count() === 1 ? true : null));
    const second = await service.join();
    service.balancer.use([second.port]);
    await first.kill();
    await lost;

    const watch = second.watchAvatar('sse', { avatarId: id });
    await endLeases();
    const unknown = await watch.until(({ error }) => error !== null, 'what is known of it');
    expect(unknown).toMatchObject({ status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
    const submitted = service.simulator.requests();
    expect(submitted).toHaveLength(1);

    const requestId = submitted[0]?.requestId ?? null;
    const url = submitted[0]?.webhookUrl ?? null;
    if (requestId === null || url === null) throw new Error('fal did not take it');
    const body = okFor(requestId);
    expect(await service.simulator.deliver({ url, requestId, body })).toBe(200);
    const done = await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    expect(done).toMatchObject({ isReady: true, falRequestId: requestId, error: null });
    expect(service.simulator.requests()).toHaveLength(1);
  });
});
