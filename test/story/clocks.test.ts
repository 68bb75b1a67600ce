import { afterEach, expect, test, vi } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { MINUTE_MS } from '../../src/values/units.ts';

let app: TestApp;
afterEach(async () => {
  vi.useRealTimers();
  await app.close();
});

test.each([10, -10])(
  'with a clock %i minutes off webhooks are refused and counted, runs are found by polling, and the log says why',
  async (minutes) => {
    app = await startTestApp({ simulator: { now: () => Date.now() + minutes * MINUTE_MS } });
    const { id } = await app.newAvatar();
    await app.startTraining({ avatarId: id });

    expect(await app.settled(id)).toMatchObject({ status: 'COMPLETED', isReady: true });

    await eventually(
      'a refused webhook',
      async () => (await app.metric('likeness_webhooks_total', { outcome: 'stale' })) > 0,
    );
    expect(await app.metric('likeness_webhooks_total', { outcome: 'applied' })).toBe(0);
    const skew = await app.metric('likeness_fal_clock_skew_seconds');
    // On a busy machine a response takes its time.
    expect(Math.abs(skew - minutes * 60)).toBeLessThan(60);
    const warnings = app.log.lines.filter(({ skewSeconds }) => skewSeconds !== undefined);
    expect(warnings).toMatchObject([{ level: 'warn' }]);
  },
);

test('a clock that jumps back by an hour, or forth, stops no run and takes no version back', async () => {
  app = await startTestApp();
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true });
  const { id } = await app.newAvatar();
  const watch = app.watchAvatar({ avatarId: id });
  await watch.next();
  for (const minutes of [-60, 60, -60]) {
    // Without webhooks too: their time would be refused.
    const { version } = await app.startTraining({ avatarId: id, imagesUrl: photos('slow', 'silent') });
    vi.setSystemTime(Date.now() + minutes * MINUTE_MS);
    expect(await app.settled(id, version - 1)).toMatchObject({ status: 'COMPLETED', error: null });
  }
  const versions = watch.seen.map(({ version }) => version);
  expect(versions).toEqual(versions.toSorted((one, other) => one - other));
  expect(new Set(versions).size).toBe(versions.length);
  await watch.stop();
});
