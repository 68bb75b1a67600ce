import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { errorFor, okFor } from '../support/held-runs.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { NEVER_POLL, startService, type Service, type ServiceOptions } from '../support/service.ts';
import { photos } from '../support/api-steps.ts';
import { runRedis, type OwnRedis } from '../support/redis.ts';
import { severalNeeds } from '../support/several-needs.ts';

const { title, isMissing } = await severalNeeds('an instance that stands still while others go on');
const FREEZE = 'SIGSTOP';
const THAW = 'SIGCONT';

describe.skipIf(isMissing)(title, { timeout: 60_000 }, () => {
  let redis: OwnRedis;
  let service: Service;
  beforeEach(async () => {
    redis = await runRedis(await freePort());
  });
  afterEach(async () => {
    await service.close();
    await redis.stop();
  });

  const begin = async (instances: number, env: ServiceOptions['env'] = {}) => {
    service = await startService({ instances, redisUrl: redis.url, env });
  };

  const endLeases = () => service.sql('UPDATE jobs SET next_poll_at = now()');

  /** What fal was sent first. */
  function submitted(): { readonly requestId: string; readonly url: string } {
    const [run] = service.simulator.requests();
    if (run?.requestId == null || run.webhookUrl === null) throw new Error('fal did not take it');
    return { requestId: run.requestId, url: run.webhookUrl };
  }

  test('loses its lease, and the old answer it then reads changes nothing', async () => {
    await begin(1, { PUBLIC_URL: undefined, RECONCILE_INTERVAL_MS: '200' });
    const first = service.instance(1);
    const looks = service.fal.hold(({ path }) => path.includes('/status'), 1);
    const id = await first.newAvatar();
    const own = first.watchAvatar('ws', { avatarId: id });
    await first.train(id, photos('silent'));
    // What it will read when it wakes: the run is still on its way.
    await eventually('the look', () => (looks.count() === 1 ? true : null));
    const second = await service.join();
    first.server.signal(FREEZE);
    looks.release();

    await endLeases();
    const watch = second.watchAvatar('ws', { avatarId: id });
    const { version } = await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    first.server.signal(THAW);

    // Its own subscribers get the end too, and it goes on working.
    await own.until((row) => row.status === 'COMPLETED' && row.version === version, 'the end, late');
    await first.server.logged(({ msg }) => msg === 'run event changed nothing', 'having read the answer');
    expect(await first.avatar(id)).toMatchObject({ status: 'COMPLETED', version });
    expect(first.logged('run event recorded', { state: 'COMPLETED' })).toBe(0);
    expect(service.simulator.requests()).toHaveLength(1);
    expect(await service.sql('SELECT next_poll_at FROM jobs')).toEqual([{ next_poll_at: null }]);
  });

  test('in the middle of a submit wakes to a run that others have settled, and submits nothing again', async () => {
    await begin(2, { RECONCILE_INTERVAL_MS: '200' });
    const [first, second] = [service.instance(1), service.instance(2)];
    service.balancer.use([second.port]);
    const submits = service.fal.hold(({ method }) => method === 'POST', 1);
    const id = await first.newAvatar();
    const starting = first.train(id, photos('stuck-in-queue'));
    await eventually('fal’s answer', () => (submits.count() === 1 ? true : null));
    first.server.signal(FREEZE);
    submits.release();

    const watch = second.watchAvatar('ws', { avatarId: id });
    await endLeases();
    await watch.until(({ error }) => error?.code === 'SUBMIT_OUTCOME_UNKNOWN', 'what is known of it');
    const { requestId, url } = submitted();
    expect(await service.simulator.deliver({ url, requestId, body: okFor(requestId) })).toBe(200);
    const { version } = await watch.until(({ status }) => status === 'COMPLETED', 'the end');

    first.server.signal(THAW);
    // Whoever asked it to start the training is told how things stand, not how they stood.
    expect(await starting).toMatchObject({ status: 'COMPLETED', falRequestId: requestId, version });
    expect(await second.avatar(id)).toMatchObject({ status: 'COMPLETED', version });
    expect(service.simulator.requests()).toHaveLength(1);
  });

  test('between reading and writing loses its late write to whoever wrote meanwhile', async () => {
    await begin(2, NEVER_POLL);
    const [first, second] = [service.instance(1), service.instance(2)];
    const id = await first.newAvatar();
    await first.train(id, photos('stuck-in-queue'));
    const { requestId, url } = submitted();
    // The first write to a job waits inside the database until this connection lets it go on.
    await service.sql(`
      CREATE SEQUENCE writes;
      CREATE FUNCTION hold_the_first() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF nextval('writes') = 1 THEN PERFORM pg_advisory_xact_lock(4711); END IF; RETURN NULL; END $$;
      CREATE TRIGGER hold_the_first BEFORE UPDATE ON jobs EXECUTE FUNCTION hold_the_first()`);
    const release = await service.holdLock(4711);
    service.balancer.use([first.port]);
    const late = service.simulator.deliver({ url, requestId, body: errorFor(requestId) });
    await eventually('the write to wait', async () => {
      const waiting = await service.sql(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`);
      return waiting[0];
    });
    first.server.signal(FREEZE);

    service.balancer.use([second.port]);
    expect(await service.simulator.deliver({ url, requestId, body: okFor(requestId) })).toBe(200);
    const { status, version = 0 } = (await second.avatar(id)) ?? {};
    expect(status).toBe('COMPLETED');

    await release();
    first.server.signal(THAW);
    expect(await late).toBe(200);
    expect(await first.avatar(id)).toMatchObject({ status: 'COMPLETED', isReady: true, version });
    expect(first.logged('run event recorded', { state: 'FAILED' })).toBe(0);
  });
});
