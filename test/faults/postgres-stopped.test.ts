import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AvatarByIdDocument } from '../../src/generated/contract/graphql.ts';
import { eventually } from '../support/eventually.ts';
import { okFor } from '../support/held-runs.ts';
import { photos } from '../support/api-steps.ts';
import { severalNeeds } from '../support/several-needs.ts';
import { startPostgresCluster, type PostgresCluster } from '../support/postgres-cluster.ts';
import { startService, type Service } from '../support/service.ts';

const WAIT = { timeout: 15_000, interval: 50 };
const { title, isMissing } = await severalNeeds('a PostgreSQL that stops and starts', ['cluster']);

describe.skipIf(isMissing)(title, { timeout: 60_000 }, () => {
  let cluster: PostgresCluster;
  let service: Service;
  beforeAll(async () => {
    cluster = await startPostgresCluster();
    service = await startService({ instances: 1, databaseUrl: cluster.url });
  });
  afterAll(async () => {
    await service.close();
    await cluster.remove();
  });

  const isReady = async () => (await service.instance(1).readiness()).status;

  test('a webhook is answered 503 in time while it is stopped, and a later delivery completes the run', async () => {
    const only = service.instance(1);
    const id = await only.newAvatar();
    await only.train(id, photos('stuck-in-queue'));
    const [run] = service.simulator.requests();
    if (run?.requestId == null || run.webhookUrl === null) throw new Error('fal did not take it');
    const message = { url: run.webhookUrl, requestId: run.requestId, body: okFor(run.requestId) };
    const watch = only.watchAvatar('ws', { avatarId: id });
    await watch.next();

    await cluster.stop();
    const began = performance.now();
    expect(await service.simulator.deliver(message)).toBe(503);
    // fal waits 15 s for a first answer.
    expect(performance.now() - began).toBeLessThan(5000);
    await expect.poll(isReady, WAIT).toBe(503);
    expect((await fetch(`${only.server.url}/livez`)).status).toBe(200);
    const { errors } = await only.ask(AvatarByIdDocument, { id });
    expect(errors).toHaveLength(1);

    await cluster.start();
    await expect.poll(isReady, WAIT).toBe(200);
    expect(await service.simulator.deliver(message)).toBe(200);
    // The subscription was there all the time.
    await watch.until(({ status }) => status === 'COMPLETED', 'the end');
    await watch.stop();
  });

  test('a run whose webhook was lost to it is found by polling', async () => {
    const only = service.instance(1);
    const id = await only.newAvatar();
    // It stops before the run can end.
    service.simulator.setTiming({ trainMs: 1000 });
    await only.train(id, photos('silent'));
    await cluster.stop();
    await eventually('a sweep to fail', () =>
      only.logged('loop iteration failed; retrying at the next interval') > 0 ? true : null,
    );
    await cluster.start();
    // A look that it interrupted keeps its lease of two minutes, which ends here.
    await service.sql('UPDATE jobs SET next_poll_at = now() WHERE next_poll_at > now()');
    const done = await eventually(
      'the end',
      async () => {
        const { data } = await only.ask(AvatarByIdDocument, { id });
        return data?.avatar?.status === 'COMPLETED' ? data.avatar : null;
      },
      20_000,
    );
    expect(done.isReady).toBe(true);
    expect(service.simulator.requests()).toHaveLength(2);
  });
});
