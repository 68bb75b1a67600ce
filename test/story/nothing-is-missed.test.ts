import { afterAll, describe, expect, inject, test } from 'vitest';
import { photos } from '../support/api-client.ts';
import { randomFor } from '../support/prng.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { setTimeout as pause } from 'node:timers/promises';

const ROUNDS = inject('everyPair') ? 100 : 10;
/** Longer than subscribing takes, so that changes fall before, into and after it. */
const SPREAD_MS = 30;
const random = randomFor('nothing is missed');

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

describe.each(['ws', 'sse'] as const)('over %s', (over) => {
  test(`in ${ROUNDS} rounds no change is lost between the first state and the stream`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { id } = await app.newAvatar();
      const watch = app.watchAvatar({ avatarId: id }, { over });
      await pause(random.between(0, SPREAD_MS));

      const changed = await app.startTraining({ avatarId: id, imagesUrl: photos('stuck-in-queue') });

      await watch.until(({ version }) => version === changed.version, `version ${changed.version}`);
      const versions = watch.seen.map(({ version }) => version);
      expect([[1, 2], [2]]).toContainEqual(versions);
      expect(watch.seen.at(-1)).toEqual(await app.avatarNow(id));
      await watch.stop();
    }
  });

  test(`in ${ROUNDS} rounds no new avatar is lost between the first states and the stream`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const watch = app.watchAvatar({}, { over });
      await pause(random.between(0, SPREAD_MS));

      const made = await app.newAvatar();

      await watch.until(({ id }) => id === made.id, `avatar ${made.id}`);
      const told = watch.seen.filter(({ id }) => id === made.id);
      expect(told).toEqual([made]);
      await watch.stop();
    }
  });
});

test('many watchers of one avatar all end with the same row', async () => {
  const { id } = await app.newAvatar();
  const watches = Array.from({ length: 30 }, (_, index) =>
    app.watchAvatar({ avatarId: id }, { over: index % 2 === 0 ? 'ws' : 'sse' }),
  );
  await app.startTraining({ avatarId: id });

  const ends = await Promise.all(watches.map((watch) => watch.until(({ status }) => status === 'COMPLETED')));

  const now = await app.avatarNow(id);
  for (const end of ends) expect(end).toEqual(now);
  await Promise.all(watches.map((watch) => watch.stop()));
});
