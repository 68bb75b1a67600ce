import { afterAll, expect, onTestFinished, test } from 'vitest';
import { heldTraining, okFor } from '../support/runs-at-fal.ts';
import { eventually } from '../support/eventually.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp({ isProxied: true, env: { RECONCILE_INTERVAL_MS: '50' } });
afterAll(() => app.close());

test('a poll of a run that was sent before its end and answered after it takes nothing back', async () => {
  const held = await heldTraining(app);
  const { avatarId } = held;
  const polls = app.fal.holdRequests();
  await polls.reached(1);
  expect(await app.deliver(held, okFor(held.requestId))).toBe(200);
  const done = await app.avatarNow(avatarId);
  expect(done.status).toBe('COMPLETED');
  const watch = app.watchAvatar({ avatarId });
  await watch.next();

  polls.release();

  // As long as it takes to find another run by polling, the late answer has long been read.
  const { id } = await app.newAvatar();
  await app.startTraining({ avatarId: id, imagesUrl: photos('silent') });
  await app.settled(id);
  expect(await app.avatarNow(avatarId)).toEqual(done);
  expect(watch.seen).toHaveLength(1);
  await watch.stop();
});

test('webhooks and polls that find the ends of runs at the same moment move each avatar once', async () => {
  const ids = await Promise.all(Array.from({ length: 10 }, async () => (await app.newAvatar()).id));
  const watch = app.watchAvatar({});
  await Promise.all(ids.map((avatarId) => app.startTraining({ avatarId })));
  const ends = await Promise.all(ids.map((id) => app.settled(id)));

  for (const end of ends) {
    expect(end).toMatchObject({ status: 'COMPLETED', isReady: true });
    await eventually('its end to be told', () =>
      watch.seen.some(({ id, version }) => id === end.id && version === end.version),
    );
    expect(await app.avatarNow(end.id)).toEqual(end);
  }
  const told = watch.seen.filter(({ status }) => status === 'COMPLETED').map(({ id }) => id);
  expect(told.filter((id) => ids.includes(id)).sort()).toEqual(ids.sort());
  await watch.stop();
});

test('a dozen polls under way at the same time are no leak of listeners for Node', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  for (let count = 0; count < 12; count += 1) await heldTraining(app);

  const polls = app.fal.holdRequests();
  await polls.reached(12);

  expect(warnings).toEqual([]);
  polls.release();
});
