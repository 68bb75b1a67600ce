import { afterAll, expect, test } from 'vitest';
import { endedAtFal } from '../support/runs-at-fal.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

const app = await startTestApp();
afterAll(() => app.close());

test.each<[what: string, scenarios: ScenarioName[]]>([
  ['is never sent', ['silent']],
  ['comes only as a forgery', ['forged-only']],
  ['comes long after the end', ['late']],
  ['is never sent and status reads fail for a while', ['silent', 'status-503']],
])('a run still ends when its webhook %s', async (_what, scenarios) => {
  const { id } = await app.newAvatar();

  const done = await app.train({ avatarId: id, imagesUrl: photos(...scenarios) });

  expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, error: null });
});

test('runs that cannot be found, asked about or ended are LOST in the end, and not before their time', async () => {
  const start = async (...scenarios: ScenarioName[]) => {
    const { id } = await app.newAvatar();
    const { falRequestId } = await app.startTraining({
      avatarId: id,
      imagesUrl: photos('silent', ...scenarios),
    });
    return { id, falRequestId };
  };
  const gone = await start('result-gone');
  const endless = await start('stuck');
  const mute = await start('status-500');
  const lost = [gone, endless, mute];
  await endedAtFal(app, gone.falRequestId);
  for (const { id } of lost) expect(['QUEUED', 'TRAINING']).toContain((await app.avatarNow(id)).status);

  await app.restart(async ({ pool }) => {
    await pool.query(
      `UPDATE jobs SET not_found_since = now() - interval '3 minutes' WHERE fal_request_id = $1`,
      [gone.falRequestId],
    );
    await pool.query(
      `UPDATE jobs SET created_at = now() - interval '25 hours', next_poll_at = now(), poll_failures = 20 WHERE fal_request_id = ANY($1)`,
      [[endless.falRequestId, mute.falRequestId]],
    );
  });

  for (const { id } of lost) {
    const ended = await app.settled(id);
    expect(ended).toMatchObject({ status: 'FAILED', isReady: false, error: { code: 'LOST' } });
    expect(ended.error?.message).toMatch(/\w+/);
  }
  // It is free for another try.
  expect(await app.train({ avatarId: gone.id })).toMatchObject({ status: 'COMPLETED', error: null });
});

test('a submit of which nothing is ever heard is LOST in the end', async () => {
  const { id } = await app.newAvatar();
  const unknown = await app.startTraining({ avatarId: id, imagesUrl: photos('lost-answer', 'silent') });
  expect(unknown.error?.code).toBe('SUBMIT_OUTCOME_UNKNOWN');

  await app.restart(async ({ pool }) => {
    await pool.query(`UPDATE jobs SET next_poll_at = now() WHERE avatar_id = $1`, [id]);
  });

  expect(await app.settled(id)).toMatchObject({ status: 'FAILED', error: { code: 'LOST' } });
});
