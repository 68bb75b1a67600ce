import { afterAll, describe, expect, test } from 'vitest';
import { avatarNow } from '../support/held-runs.ts';
import { newAvatar, photos, startTraining } from '../support/api-steps.ts';
import { NEVER_POLL, startTestApp } from '../support/test-app.ts';
import { setTimeout as pause } from 'node:timers/promises';

const ROUNDS = 25;
/** Longer than subscribing takes, so that changes fall before, into and after it. */
const SPREAD_MS = 30;

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

describe.each(['ws', 'sse'] as const)('over %s', (over) => {
  test(`in ${ROUNDS} rounds no change is lost between the first state and the stream`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await newAvatar(app);
      const watch = app.avatarStatus({ avatarId: id }, { over });
      await pause(Math.random() * SPREAD_MS);

      const changed = await startTraining(app, { avatarId: id, imagesUrl: photos('stuck-in-queue') });

      await watch.until(({ version }) => version === changed.version, `version ${changed.version}`);
      const versions = watch.seen.map(({ version }) => version);
      expect([[1, 2], [2]]).toContainEqual(versions);
      expect(watch.seen.at(-1)).toEqual(await avatarNow(app, id));
      await watch.stop();
    }
  });

  test(`in ${ROUNDS} rounds no new avatar is lost between the first states and the stream`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const watch = app.avatarStatus({}, { over });
      await pause(Math.random() * SPREAD_MS);

      const made = await newAvatar(app);

      await watch.until(({ id }) => id === made.id, `avatar ${made.id}`);
      const told = watch.seen.filter(({ id }) => id === made.id);
      expect(told).toEqual([made]);
      await watch.stop();
    }
  });
});

test('many watchers of one avatar all end with the same row', async () => {
  const { id } = await newAvatar(app);
  const watches = Array.from({ length: 30 }, (_, index) =>
    app.avatarStatus({ avatarId: id }, { over: index % 2 === 0 ? 'ws' : 'sse' }),
  );
  await startTraining(app, { avatarId: id });

  const ends = await Promise.all(watches.map((watch) => watch.until(({ status }) => status === 'COMPLETED')));

  const now = await avatarNow(app, id);
  for (const end of ends) expect(end).toEqual(now);
  await Promise.all(watches.map((watch) => watch.stop()));
});
