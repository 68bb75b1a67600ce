import { expect, onTestFinished, test, vi } from 'vitest';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { InFlight } from '../../src/async/in-flight.ts';
import { jobsDatabase } from '../support/test-deps.ts';
import { memoryLog } from '../support/memory-log.ts';
import { submitJob, type SubmitDeps, type SubmitEvent, type SubmitRequest } from '../../src/jobs/submit.ts';

const { add, read, testDeps } = await jobsDatabase();

const NO_URLS = { statusUrl: null, responseUrl: null, cancelUrl: null };
const FIELDS = {
  ownerId: 'owner',
  avatarId: 'avt',
  trainer: 'FLUX_2',
  endpoint: 'fal-ai/any',
  input: {},
  estimatedMicroUsd: null,
} as const;

const PORTS = {
  goneEndpoints: { remember: async () => undefined },
  metrics: { submitted: () => undefined, runEnded: () => undefined },
  newCallbackToken: () => '0'.repeat(32),
  settings: { callbackBase: null, pollIntervalMs: 3000, retentionDays: { artifacts: 2, images: null } },
};

/** The dependencies of a submit on a clock that the test sets. */
function fixture(answers: readonly SubmitEvent[]) {
  const clock = { now: 1000 };
  vi.spyOn(performance, 'now').mockImplementation(() => clock.now);
  onTestFinished(() => void vi.restoreAllMocks());
  const requests: SubmitRequest[] = [];
  const deps: SubmitDeps = {
    catalog: BUILT_IN,
    store: {
      findSubmitOutcome: async () => null,
      switchTo: async () => {
        clock.now += 5000;
        return true;
      },
      load: async () => null,
      save: async () => ({ kind: 'stale' }),
      deleteFromOutbox: async () => undefined,
    },
    ...PORTS,
    provider: {
      submit: async (request) => {
        requests.push(request);
        return answers[requests.length - 1] ?? { kind: 'unknown', message: 'cut' };
      },
    },
    publisher: { publish: async () => undefined },
    log: memoryLog(),
    inFlight: new InFlight(),
  };
  const create = async ({ id }: { readonly id: string }) => {
    clock.now += 20_000;
    return { done: { jobId: id, generationId: null } };
  };
  return { deps, requests, create };
}

test('a submit must be sent within 30 seconds of its beginning, however long the write of its job takes', async () => {
  const { deps, requests, create } = fixture([]);
  await submitJob(deps, { ...FIELDS, idempotency: null }, create);
  expect(requests).toMatchObject([{ sendBefore: 31_000, keepFilesSeconds: 172_800 }]);
});

test('a submit to the alternative must be sent within 30 seconds of its beginning, however long its write takes', async () => {
  const failure = { code: 'PROVIDER_REJECTED', message: 'gone' } as const;
  const { deps, requests, create } = fixture([{ kind: 'refused', failure, isGone: true }]);
  const alternative = { ...FIELDS, endpoint: 'fal-ai/other' };
  await submitJob(deps, { ...FIELDS, idempotency: null }, create, alternative);
  expect(requests).toMatchObject([{ sendBefore: 31_000 }, { endpoint: 'fal-ai/other', sendBefore: 51_000 }]);
});

test('an outage of the database of more than half a minute loses no request id', async () => {
  const { deps, create } = fixture([{ kind: 'accepted', requestId: 'run', urls: NO_URLS, position: null }]);
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date'], now: 0 });
  onTestFinished(() => void vi.useRealTimers());
  const loads: number[] = [];
  const load = async () => {
    loads.push(Date.now());
    if (Date.now() < 31_000) throw new Error('no database');
    return null;
  };
  const done = submitJob(
    { ...deps, store: { ...deps.store, load } },
    { ...FIELDS, idempotency: null },
    create,
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await done;
  expect(loads).toEqual([0, 200, 700, 1700, 3700, 7700, 15_700, 31_700]);
});

test('a refusal that was saved reaches the caller although its confirmation by the database was lost', async () => {
  const { deps, store } = testDeps();
  const pause = { reason: 'BUSY', retryAt: new Date(Date.now() + 60_000) } as const;
  const failure = { code: 'PROVIDER_UNAVAILABLE', message: 'too busy', pause } as const;
  const save = store.save.bind(store);
  store.save = async (...change) => {
    await save(...change);
    store.save = save;
    throw new Error('the connection was lost');
  };
  const provider = { submit: async (): Promise<SubmitEvent> => ({ kind: 'refused', failure }) };
  let jobId = '';
  const submitted = await submitJob(
    { ...deps, ...PORTS, provider },
    { ...FIELDS, idempotency: null },
    async ({ id }) => {
      jobId = id;
      await add(id);
      return { done: { jobId, generationId: null } };
    },
  );
  expect(submitted).toEqual({ refused: failure });
  expect(await read(jobId)).toMatchObject({ state: 'FAILED', avatar: { status: 'DRAFT' } });
});
