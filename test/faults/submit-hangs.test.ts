import { afterAll, expect, test } from 'vitest';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
afterAll(() => app.close());

test('a submit that fal never answers ends at our own time, is sent once, and is adopted by its webhook', async () => {
  const [adopted, silent] = [await app.newAvatar(), await app.newAvatar()];
  const began = performance.now();
  const urls = [`${photos('hang')}&of=${adopted.id}`, `${photos('hang', 'silent')}&of=${silent.id}`] as const;

  const [, unknown] = await Promise.all([
    app.startTraining({ avatarId: adopted.id, imagesUrl: urls[0] }),
    app.startTraining({ avatarId: silent.id, imagesUrl: urls[1] }),
  ]);

  expect(performance.now() - began).toBeGreaterThan(29_000);
  expect(unknown).toMatchObject({ status: 'QUEUED', falRequestId: null });
  expect(unknown.error?.code).toBe('SUBMIT_OUTCOME_UNKNOWN');
  expect(await app.settled(adopted.id)).toMatchObject({ status: 'COMPLETED', error: null });
  for (const url of urls) expect(app.submitsOf(url)).toHaveLength(1);
});
