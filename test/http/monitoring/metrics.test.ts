import { expect, test } from 'vitest';
import { createMetrics, type Readings } from '../../../src/http/monitoring/metrics.ts';
import { sumOfSamples } from '../../support/metric-samples.ts';

function metricsWith(fileBacklog: Readings['fileBacklog']) {
  const { registry } = createMetrics({
    listeners: () => 0,
    isBreakerOpen: () => Promise.resolve(false),
    clockSkewSeconds: () => 0,
    fileBacklog,
  });
  return async () => {
    const text = await registry.metrics();
    return [sumOfSamples(text, 'likeness_files_waiting'), sumOfSamples(text, 'likeness_file_lag_seconds')];
  };
}

test('a scrape reads the backlog of files once, and each scrape anew', async () => {
  let reads = 0;
  const scrape = metricsWith(async () => {
    reads += 1;
    return { waiting: reads, lagSeconds: 10 * reads };
  });
  expect(await scrape()).toEqual([1, 10]);
  expect(await scrape()).toEqual([2, 20]);
  expect(reads).toBe(2);
});

test('a backlog that cannot be read is NaN, and is read again in the next scrape', async () => {
  const answers = [
    () => Promise.reject(new Error('no database')),
    () => Promise.resolve({ waiting: 3, lagSeconds: 4 }),
  ];
  const scrape = metricsWith(() => answers.shift()?.() ?? Promise.reject(new Error('a read too many')));
  expect(await scrape()).toEqual([NaN, NaN]);
  expect(await scrape()).toEqual([3, 4]);
});
