import { expect, test, vi } from 'vitest';
import { InFlight } from '../../src/async/in-flight.ts';
import { memoryLog } from '../support/memory-log.ts';
import { heartbeat } from '../../src/jobs/heartbeat.ts';

const ON = new AbortController().signal;

function fixture(freed: number, sweep: () => Promise<void>) {
  const log = memoryLog();
  const swept = vi.fn(sweep);
  const deps = {
    instances: { beat: async () => freed, leave: async () => undefined, freeAll: async () => undefined },
    reconciler: { sweep: swept, settled: async () => undefined },
    inFlight: new InFlight(),
    log,
  };
  return { deps, log, swept };
}

test('a heartbeat without a death polls nothing', async () => {
  const { deps, swept } = fixture(0, async () => undefined);
  await heartbeat(deps, ON);
  expect(swept).not.toHaveBeenCalled();
});

test('jobs taken over are polled at once, and a long sweep delays no heartbeat', async () => {
  const { deps, swept, log } = fixture(3, () => new Promise(() => undefined));
  await heartbeat(deps, ON);
  expect(swept).toHaveBeenCalledWith(ON);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { jobs: 3 } }]);
});

test('a sweep that fails is logged', async () => {
  const { deps, log } = fixture(1, () => Promise.reject(new Error('no connection')));
  await heartbeat(deps, ON);
  await expect.poll(() => log.lines).toMatchObject([{ level: 'warn' }, { level: 'error' }]);
});
