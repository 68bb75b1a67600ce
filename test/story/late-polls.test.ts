import { afterAll, expect, test, vi } from 'vitest';
import { avatarNow, heldTraining, okFor } from '../support/held-runs.ts';
import { eventually } from '../support/eventually.ts';
import { newAvatar, photos, settled, startTraining } from '../support/api-steps.ts';
import { startTestApp } from '../support/test-app.ts';

vi.setConfig({ testTimeout: 60_000 });

const app = await startTestApp({ gated: true, env: { RECONCILE_INTERVAL_MS: '50' } });
afterAll(() => app.close());

test('a look at a run that was asked for before its end and answered after it takes nothing back', async () => {
  const { avatarId, requestId, callbackUrl: url } = await heldTraining(app);
  app.gate.hold();
  await eventually('a look at the run', () => (app.gate.waiting() > 0 ? true : null));
  expect(await app.simulator.deliver({ url, requestId, body: okFor(requestId) })).toBe(200);
  const done = await avatarNow(app, avatarId);
  expect(done.status).toBe('COMPLETED');
  const watch = app.avatarStatus({ avatarId });
  await watch.next();

  app.gate.release();

  // As long as it takes to find another run by looking, the late answer has long been read.
  const { id } = await newAvatar(app);
  await startTraining(app, { avatarId: id, imagesUrl: photos('silent') });
  await settled(app, id);
  expect(await avatarNow(app, avatarId)).toEqual(done);
  expect(watch.seen).toHaveLength(1);
  await watch.stop();
});

test('webhooks and looks that find the ends of runs at the same moment move each avatar once', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, async () => (await newAvatar(app)).id));
  const watch = app.avatarStatus({});
  await Promise.all(ids.map((avatarId) => startTraining(app, { avatarId })));
  const ends = await Promise.all(ids.map((id) => settled(app, id)));

  for (const end of ends) {
    expect(end).toMatchObject({ status: 'COMPLETED', isReady: true });
    await eventually('its end to be told', () =>
      watch.seen.some(({ id, version }) => id === end.id && version === end.version) ? true : null,
    );
    expect(await avatarNow(app, end.id)).toEqual(end);
  }
  const told = watch.seen.filter(({ status }) => status === 'COMPLETED').map(({ id }) => id);
  expect(told.filter((id) => ids.includes(id)).sort()).toEqual(ids.sort());
  await watch.stop();
});
