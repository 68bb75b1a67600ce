import { describe, expect, test, vi } from 'vitest';
import { lookAgain, receiveCallback } from '../../src/jobs/receive-callback.ts';
import { bench } from './bench.ts';
import { EVENTS, ID, OTHER_ID } from '../domain/events.ts';
import { training } from '../domain/world.ts';

const OF_ID = { requestId: ID, event: EVENTS.lora };
const OF_OTHER = { requestId: OTHER_ID, event: EVENTS.loraOfOther };
const RUNNING = training({ state: 'RUNNING', falRequestId: ID }, { status: 'TRAINING' });

describe('a webhook', () => {
  test.each([['token-of-job'], [null]])(
    'finds its job by its request id, with the token %j',
    async (token) => {
      const { workshop, store } = bench();
      const row = store.add('job', RUNNING);
      expect(await receiveCallback(workshop, token, OF_ID)).toEqual({ kind: 'applied' });
      expect(row.world.avatar?.status).toBe('COMPLETED');
    },
  );

  test.each(['SUBMITTING', 'SUBMIT_UNKNOWN'] as const)(
    'that overtakes the answer to its submit finds its job by the token, at %s, and binds it',
    async (state) => {
      const { workshop, store } = bench();
      const row = store.add('job', training({ state }));
      expect(await receiveCallback(workshop, 'token-of-job', OF_ID)).toEqual({ kind: 'applied' });
      expect(row.world.job).toMatchObject({ state: 'COMPLETED', falRequestId: ID });
    },
  );

  test('posted to the address of another job moves neither', async () => {
    const { workshop, store } = bench();
    const mine = store.add('mine', RUNNING);
    const others = [
      store.add('bound', training({ state: 'RUNNING', falRequestId: OTHER_ID }, { status: 'TRAINING' })),
      store.add('waiting', training()),
    ];
    for (const token of ['token-of-bound', 'token-of-waiting', 'no-such-token']) {
      expect(await receiveCallback(workshop, token, OF_ID)).toEqual({ kind: 'mismatch' });
    }
    expect([mine, ...others].map(({ revision }) => revision)).toEqual([0, 0, 0]);
  });

  test('of an unknown run cannot take over a job that is bound', async () => {
    const { workshop, store } = bench();
    const row = store.add('job', RUNNING);
    expect(await receiveCallback(workshop, 'token-of-job', OF_OTHER)).toEqual({ kind: 'mismatch' });
    expect(row.world.job).toMatchObject({ state: 'RUNNING', falRequestId: ID });
  });

  test.each([['no-such-token'], [null]])('that fits no job is unknown, with the token %j', async (token) => {
    const { workshop, store } = bench();
    store.add('job', training());
    expect(await receiveCallback(workshop, token, OF_OTHER)).toEqual({ kind: 'unknown-job' });
    expect(store.loads).toBe(0);
  });

  test('for a job that ended is ignored, whatever it says', async () => {
    const { workshop, store } = bench();
    const row = store.add('job', RUNNING);
    await receiveCallback(workshop, null, OF_ID);
    for (const event of [EVENTS.lora, EVENTS.failed, EVENTS.bound]) {
      expect(await receiveCallback(workshop, null, { requestId: ID, event })).toEqual({
        kind: 'ignored',
        reason: 'already-final',
      });
    }
    expect([row.revision, row.version]).toEqual([1, 2]);
  });

  test('that reports success without the result has it fetched', async () => {
    const { workshop, store, provider } = bench();
    const row = store.add('job', training());
    provider.inspection = EVENTS.lora;
    const end = await receiveCallback(workshop, 'token-of-job', { requestId: ID, event: EVENTS.bound });
    expect(end).toEqual({ kind: 'applied' });
    await vi.waitFor(() => expect(row.world.avatar?.status).toBe('COMPLETED'));
    expect(provider.inspected).toEqual([ID]);
  });
});

describe('a message that cannot be used itself', () => {
  test('has its run looked at', async () => {
    const { workshop, store, provider } = bench();
    const row = store.add('job', RUNNING);
    provider.inspection = EVENTS.failed;
    lookAgain(workshop, ID);
    await vi.waitFor(() => expect(row.world.avatar?.status).toBe('FAILED'));
  });

  test('about an unknown run asks fal nothing', async () => {
    const { workshop, store, provider, log } = bench();
    const asked = vi.spyOn(store, 'findByRequestId');
    lookAgain(workshop, OTHER_ID);
    await asked.mock.results[0]?.value;
    expect(provider.inspected).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  test('throws nothing when the database is away', async () => {
    const { workshop, store, log } = bench();
    vi.spyOn(store, 'findByRequestId').mockRejectedValue(new Error('away'));
    lookAgain(workshop, ID);
    await vi.waitFor(() => expect(log.lines).toMatchObject([{ level: 'warn' }]));
  });
});
