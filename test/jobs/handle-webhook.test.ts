import { describe, expect, test, vi } from 'vitest';
import { createHash } from 'node:crypto';
import {
  requestPoll,
  storeUnreadable,
  handleWebhook,
  type WebhookMessage,
} from '../../src/jobs/handle-webhook.ts';
import { testDeps } from '../support/test-deps.ts';
import { EVENTS, ID, LORA_ANSWER, OTHER_ID } from '../support/run-events.ts';
import { training } from '../support/domain-fixtures.ts';

const OF_ID = callback(EVENTS.lora);
const OF_OTHER = callback(EVENTS.loraOfOther);
const RUNNING = training({ state: 'RUNNING', falRequestId: ID }, { status: 'TRAINING' });

/** A webhook's news; what says the same has the same bytes. */
function callback(event: WebhookMessage['event'], requestId = event.requestId ?? ID) {
  const body = Buffer.from(JSON.stringify(event));
  const digest = createHash('sha256').update(body).digest('hex');
  return { requestId, event, delivery: { requestId, digest, body } };
}

describe('a webhook', () => {
  test.each([['token-of-job'], [null]])(
    'finds its job by its request id, with the token %j',
    async (token) => {
      const { deps, store } = testDeps();
      const row = store.add('job', RUNNING);
      expect(await handleWebhook(deps, token, OF_ID)).toMatchObject({ kind: 'applied' });
      expect(row.world.avatar?.status).toBe('COMPLETED');
    },
  );

  test.each(['SUBMITTING', 'SUBMIT_UNKNOWN'] as const)(
    'that overtakes the answer to its submit finds its job by the token, at %s, and binds it',
    async (state) => {
      const { deps, store } = testDeps();
      const row = store.add('job', training({ state }));
      expect(await handleWebhook(deps, 'token-of-job', OF_ID)).toMatchObject({ kind: 'applied' });
      expect(row.world.job).toMatchObject({ state: 'COMPLETED', falRequestId: ID });
    },
  );

  test('posted to the address of another job moves neither', async () => {
    const { deps, store } = testDeps();
    const mine = store.add('mine', RUNNING);
    const others = [
      store.add('bound', training({ state: 'RUNNING', falRequestId: OTHER_ID }, { status: 'TRAINING' })),
      store.add('waiting', training()),
    ];
    for (const token of ['token-of-bound', 'token-of-waiting', 'no-such-token']) {
      expect(await handleWebhook(deps, token, OF_ID)).toEqual({ kind: 'mismatch' });
    }
    expect([mine, ...others].map(({ revision }) => revision)).toEqual([0, 0, 0]);
  });

  test('of an unknown run cannot take over a job that is bound', async () => {
    const { deps, store } = testDeps();
    const row = store.add('job', RUNNING);
    expect(await handleWebhook(deps, 'token-of-job', OF_OTHER)).toEqual({ kind: 'mismatch' });
    expect(row.world.job).toMatchObject({ state: 'RUNNING', falRequestId: ID });
  });

  test.each([['no-such-token'], [null]])('that fits no job is unknown, with the token %j', async (token) => {
    const { deps, store } = testDeps();
    store.add('job', training());
    expect(await handleWebhook(deps, token, OF_OTHER)).toEqual({ kind: 'unknown-job' });
    expect(store.loads).toBe(0);
  });

  test('for a job that ended is ignored, whatever it says', async () => {
    const { deps, store, provider } = testDeps();
    const row = store.add('job', RUNNING);
    await handleWebhook(deps, null, OF_ID);
    for (const event of [EVENTS.lora, EVENTS.bound]) {
      expect(await handleWebhook(deps, null, callback(event))).toEqual({
        kind: 'ignored',
        reason: 'already-final',
      });
    }
    expect([row.revision, row.version]).toEqual([1, 2]);
    expect(provider.inspected).toEqual([]);
  });

  test('that contradicts the end of its run is kept, changes nothing and has fal asked, once each', async () => {
    const { deps, store, provider, log } = testDeps();
    const row = store.add('job', RUNNING);
    provider.inspection = EVENTS.lora;
    await handleWebhook(deps, null, OF_ID);
    for (const kind of ['conflict', 'ignored', 'ignored']) {
      expect(await handleWebhook(deps, null, callback(EVENTS.failed))).toMatchObject({ kind });
    }
    const other = callback({ ...EVENTS.lora, output: { ...LORA_ANSWER, config_file: null } });
    expect(await handleWebhook(deps, null, other)).toEqual({ kind: 'conflict' });
    await vi.waitFor(() => expect(row.nextPollInMs).toBeNull());
    expect(provider.inspected).toEqual([ID, ID]);
    expect([row.revision, row.version]).toEqual([1, 2]);
    expect([...store.deliveries.values()].sort()).toEqual(['APPLIED', 'CONFLICT', 'CONFLICT']);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  test('of a success after a failure counts once fal itself says so', async () => {
    const { deps, store, provider } = testDeps();
    const row = store.add('job', RUNNING);
    await handleWebhook(deps, null, callback(EVENTS.failed));
    expect(row.world.avatar).toMatchObject({ status: 'FAILED' });

    provider.inspection = EVENTS.failed;
    expect(await handleWebhook(deps, null, OF_ID)).toEqual({ kind: 'conflict' });
    await vi.waitFor(() => expect(row.nextPollInMs).toBeNull());
    expect(row.world.avatar).toMatchObject({ status: 'FAILED' });

    provider.inspection = EVENTS.lora;
    expect(await handleWebhook(deps, null, callback(EVENTS.bound))).toEqual({ kind: 'conflict' });
    await vi.waitFor(() => expect(row.world.avatar).toMatchObject({ status: 'COMPLETED', error: null }));
    expect(row.version).toBe(3);
  });

  test.each([
    ['does not have the result yet', { kind: 'not-found', message: 'not yet' }],
    ['says that the run goes on', { kind: 'running', percent: null }],
    ['cannot be reached', { kind: 'unreachable', message: 'away' }],
  ] as const)('of a success after a failure is asked about again while fal %s', async (_what, inspection) => {
    const { deps, store, provider } = testDeps();
    const row = store.add('job', RUNNING);
    await handleWebhook(deps, null, callback(EVENTS.failed));
    provider.inspection = inspection;
    await handleWebhook(deps, null, OF_ID);
    await deps.inFlight.drain(1000);
    expect(provider.inspected).toEqual([ID]);
    expect(row.nextPollInMs).toBeGreaterThan(0);
    expect(row.world.avatar).toMatchObject({ status: 'FAILED' });
  });

  test('of a success that comes after its submit was given up is fetched and counts', async () => {
    const { deps, store, provider } = testDeps();
    const row = store.add(
      'job',
      training(
        { state: 'FAILED', errorCode: 'LOST' },
        { status: 'FAILED', error: { code: 'LOST', message: '' } },
      ),
    );
    provider.inspection = EVENTS.lora;
    expect(await handleWebhook(deps, 'token-of-job', OF_ID)).toEqual({ kind: 'applied', pollNow: true });
    await vi.waitFor(() => expect(row.world.avatar).toMatchObject({ status: 'COMPLETED', falRequestId: ID }));
  });

  test('that reports success without the result has it fetched', async () => {
    const { deps, store, provider } = testDeps();
    const row = store.add('job', training());
    provider.inspection = EVENTS.lora;
    const end = await handleWebhook(deps, 'token-of-job', callback(EVENTS.bound));
    expect(end).toMatchObject({ kind: 'applied' });
    await vi.waitFor(() => expect(row.world.avatar?.status).toBe('COMPLETED'));
    expect(provider.inspected).toEqual([ID]);
  });
});

describe('a webhook that cannot be read', () => {
  const junk = (requestId: string) => ({ requestId, digest: 'of junk', body: Buffer.from('junk') });

  test('about a run of ours is kept once, and fal is asked once', async () => {
    const { deps, store, provider } = testDeps();
    store.add('job', RUNNING);
    for (const token of [null, 'token-of-job'])
      expect(await storeUnreadable(deps, token, junk(ID))).toBe('kept');
    expect([...store.deliveries]).toEqual([['of junk', 'UNREADABLE']]);
    await vi.waitFor(() => expect(provider.inspected).toEqual([ID]));
  });

  test('about a run that is not known yet is kept, and takes nothing for over', async () => {
    const { deps, store, provider } = testDeps();
    const rows = (['SUBMITTING', 'SUBMIT_UNKNOWN'] as const).map((state) =>
      store.add(state, training({ state })),
    );
    for (const state of ['SUBMITTING', 'SUBMIT_UNKNOWN']) {
      const delivery = { ...junk(OTHER_ID), digest: state };
      expect(await storeUnreadable(deps, `token-of-${state}`, delivery)).toBe('kept');
    }
    await deps.inFlight.drain(1000);
    expect(rows.map(({ revision }) => revision)).toEqual([0, 0]);
    expect(store.deliveries.size).toBe(2);
    expect(provider.inspected).toEqual([]);
  });

  test('about nothing of ours is not kept', async () => {
    const { deps, store, provider } = testDeps();
    store.add('job', RUNNING);
    store.add('other', training());
    expect(await storeUnreadable(deps, 'no-such-token', junk(OTHER_ID))).toBe('unknown-job');
    expect(await storeUnreadable(deps, null, junk(OTHER_ID))).toBe('unknown-job');
    expect(await storeUnreadable(deps, 'token-of-other', junk(ID))).toBe('mismatch');
    expect(store.deliveries.size).toBe(0);
    expect(provider.inspected).toEqual([]);
  });
});

describe('a message that cannot be used itself', () => {
  test('has its run looked at', async () => {
    const { deps, store, provider } = testDeps();
    const row = store.add('job', RUNNING);
    provider.inspection = EVENTS.failed;
    requestPoll(deps, { requestId: ID });
    await vi.waitFor(() => expect(row.world.avatar?.status).toBe('FAILED'));
  });

  test('about an unknown run asks fal nothing', async () => {
    const { deps, store, provider, log } = testDeps();
    const asked = vi.spyOn(store, 'findJobToPoll');
    requestPoll(deps, { requestId: OTHER_ID });
    await asked.mock.results[0]?.value;
    expect(provider.inspected).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  test('throws nothing when the database is away', async () => {
    const { deps, store, log } = testDeps();
    vi.spyOn(store, 'findJobToPoll').mockRejectedValue(new Error('away'));
    requestPoll(deps, { requestId: ID });
    await vi.waitFor(() => expect(log.lines).toMatchObject([{ level: 'warn' }]));
  });
});
