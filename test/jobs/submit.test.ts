import { expect, onTestFinished, test, vi } from 'vitest';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { InFlight } from '../../src/async/in-flight.ts';
import { memoryLog } from '../support/memory-log.ts';
import { submitJob, type SubmitDeps, type SubmitRequest } from '../../src/jobs/submit.ts';

test('a submit must be sent within 30 seconds of its beginning, however long the write of its job takes', async () => {
  let now = 1000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => void vi.restoreAllMocks());
  const requests: SubmitRequest[] = [];
  const deps: SubmitDeps = {
    catalog: BUILT_IN,
    store: {
      findSubmitOutcome: async () => null,
      switchTo: async () => false,
      load: async () => null,
      save: async () => ({ kind: 'stale' }),
      deleteFromOutbox: async () => undefined,
    },
    goneEndpoints: { remember: async () => undefined },
    provider: {
      submit: async (request) => {
        requests.push(request);
        return { kind: 'unknown', message: 'cut' };
      },
    },
    publisher: { publish: async () => undefined },
    log: memoryLog(),
    metrics: { submitted: () => undefined, runEnded: () => undefined },
    inFlight: new InFlight(),
    newCallbackToken: () => '0'.repeat(32),
    settings: { callbackBase: null, pollIntervalMs: 3000, retentionDays: { artifacts: 2, images: null } },
  };
  const fields = {
    ownerId: 'owner',
    avatarId: 'avt',
    trainer: 'FLUX_2',
    endpoint: 'fal-ai/any',
    input: {},
    estimatedMicroUsd: null,
    idempotency: null,
  } as const;
  await submitJob(deps, fields, async ({ id }) => {
    now += 20_000;
    return { done: { jobId: id, generationId: null } };
  });
  expect(requests).toMatchObject([{ sendBefore: 31_000, keepFilesSeconds: 172_800 }]);
});
