import { createHash } from 'node:crypto';
import { describe, expect, test, vi } from 'vitest';
import {
  handleWebhook,
  requestPoll,
  storeUnreadable,
  type WebhookMessage,
} from '../../src/jobs/handle-webhook.ts';
import { jobsDatabase } from '../support/test-deps.ts';
import { NOT_FOUND_GRACE_MS } from '../../src/jobs/timing.ts';
import { EVENTS, ID, LORA_ANSWER, OTHER_ID } from '../support/run-events.ts';

const { prisma, add, read, testDeps } = await jobsDatabase();

const RUNNING = { state: 'RUNNING', falRequestId: ID } as const;
const SUCCESS = webhook(EVENTS.lora);
const FAILURE = webhook(EVENTS.failed);
const SUCCESS_WITHOUT_RESULT = webhook(EVENTS.identified);
const OF_OTHER_RUN = webhook(EVENTS.loraOfOther);

/** A verified webhook; equal events have equal bodies. */
function webhook(event: WebhookMessage['event'], requestId = event.requestId ?? ID) {
  const body = Buffer.from(JSON.stringify(event));
  const digest = createHash('sha256').update(body).digest('hex');
  return { requestId, event, delivery: { requestId, digest, body } };
}

/** The job's state and the revisions that its writes have counted. */
async function stateOf(id: string) {
  const { state, revision, avatar } = await read(id);
  return { state, revision, status: avatar?.status, version: avatar?.version };
}

/** A job whose run has ended by the webhook, and the dependencies it was handled with. */
async function ended(by: ReturnType<typeof webhook>) {
  const fixture = testDeps();
  await add('job', RUNNING);
  await handleWebhook(fixture.deps, null, by);
  const handle = async (message: ReturnType<typeof webhook>) => {
    const result = await handleWebhook(fixture.deps, null, message);
    await fixture.deps.inFlight.drain(20_000);
    return result;
  };
  return { ...fixture, handle };
}

describe('a webhook', () => {
  test.each([['token-of-job'], [null]])('finds its job by request id, with the token %j', async (token) => {
    const { deps } = testDeps();
    await add('job', RUNNING);
    expect(await handleWebhook(deps, token, SUCCESS)).toMatchObject({ kind: 'applied' });
    expect((await stateOf('job')).status).toBe('COMPLETED');
  });

  test.each(['SUBMITTING', 'SUBMIT_UNKNOWN'] as const)(
    'before the answer to its submit finds the job by token, at %s, and binds it',
    async (state) => {
      const { deps } = testDeps();
      await add('job', { state });
      expect(await handleWebhook(deps, 'token-of-job', SUCCESS)).toMatchObject({ kind: 'applied' });
      expect(await read('job')).toMatchObject({ state: 'COMPLETED', falRequestId: ID });
    },
  );

  test('at the callback URL of another job changes neither job', async () => {
    const { deps } = testDeps();
    await add('job', RUNNING);
    await add('identified', { state: 'RUNNING', falRequestId: OTHER_ID });
    await add('waiting');
    for (const token of ['token-of-identified', 'token-of-waiting', 'no-such-token']) {
      expect(await handleWebhook(deps, token, SUCCESS)).toEqual({ kind: 'mismatch' });
    }
    expect(await prisma.job.count({ where: { revision: 0 } })).toBe(3);
  });

  test('of an unknown run does not take over a bound job', async () => {
    const { deps } = testDeps();
    await add('job', RUNNING);
    expect(await handleWebhook(deps, 'token-of-job', OF_OTHER_RUN)).toEqual({ kind: 'mismatch' });
    expect(await read('job')).toMatchObject(RUNNING);
  });

  test.each([['no-such-token'], [null]])('of no job is unknown, with the token %j', async (token) => {
    const { deps } = testDeps();
    await add('job');
    expect(await handleWebhook(deps, token, OF_OTHER_RUN)).toEqual({ kind: 'unknown-job' });
    expect((await stateOf('job')).revision).toBe(0);
  });

  test('that agrees with the end of its run is ignored', async () => {
    const { handle, provider } = await ended(SUCCESS);
    for (const message of [SUCCESS, SUCCESS_WITHOUT_RESULT]) {
      expect(await handle(message)).toEqual({ kind: 'ignored', reason: 'already-final' });
    }
    expect(await stateOf('job')).toMatchObject({ revision: 1, version: 2 });
    expect(provider.polled).toEqual([]);
  });

  test('that contradicts a success is stored, changes nothing and polls fal once', async () => {
    const { handle, provider, log } = await ended(SUCCESS);
    provider.status = EVENTS.lora;
    for (const kind of ['conflict', 'ignored', 'ignored'])
      expect(await handle(FAILURE)).toMatchObject({ kind });
    const other = webhook({ ...EVENTS.lora, output: { ...LORA_ANSWER, config_file: null } });
    expect(await handle(other)).toEqual({ kind: 'conflict' });
    expect(provider.polled).toEqual([ID, ID]);
    expect((await read('job')).nextPollAt).toBeNull();
    expect(await stateOf('job')).toMatchObject({ revision: 1, version: 2 });
    const deliveries = await prisma.webhookDelivery.findMany({ orderBy: { id: 'asc' } });
    expect(deliveries.map(({ outcome }) => outcome)).toEqual(['APPLIED', 'CONFLICT', 'CONFLICT']);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  test('of a success after a failure is applied once fal confirms it', async () => {
    const { handle, provider } = await ended(FAILURE);
    provider.status = EVENTS.failed;
    expect(await handle(SUCCESS)).toEqual({ kind: 'conflict' });
    expect((await stateOf('job')).status).toBe('FAILED');
    provider.status = EVENTS.lora;
    expect(await handle(SUCCESS_WITHOUT_RESULT)).toEqual({ kind: 'conflict' });
    expect((await read('job')).avatar).toMatchObject({ status: 'COMPLETED', errorCode: null, version: 3 });
  });

  test.each([
    ['does not have the result', { kind: 'not-found', message: 'not yet' }],
    ['reports an open run', { kind: 'running', percent: null }],
    ['is unreachable', { kind: 'unreachable', message: 'no answer' }],
  ] as const)('of a success after a failure is polled again while fal %s', async (_what, status) => {
    const { handle, provider, polls } = await ended(FAILURE);
    provider.status = status;
    await handle(SUCCESS);
    expect(provider.polled).toEqual([ID]);
    expect(polls.at(-1)).toBeGreaterThan(0);
    expect((await stateOf('job')).status).toBe('FAILED');
  });

  test('of a success after its run was LOST, long unknown to fal, is polled again while fal has no result yet', async () => {
    const { deps, provider } = testDeps();
    const notFoundSince = new Date(Date.now() - 2 * NOT_FOUND_GRACE_MS);
    await add('job', { ...RUNNING, state: 'FAILED', errorCode: 'LOST', notFoundSince });
    provider.status = { kind: 'not-found', message: 'not yet' };
    expect(await handleWebhook(deps, null, SUCCESS)).toEqual({ kind: 'conflict' });
    await deps.inFlight.drain(20_000);
    expect((await read('job')).nextPollAt).not.toBeNull();
    provider.status = EVENTS.lora;
    requestPoll(deps, { jobId: 'job' });
    await deps.inFlight.drain(20_000);
    expect((await read('job')).avatar?.status).toBe('COMPLETED');
  });

  test.each(['LOST', 'NOT_STARTED'])(
    'of a success after its submit ended as %s is applied',
    async (errorCode) => {
      const { deps, provider } = testDeps();
      await add('job', { state: 'FAILED', errorCode });
      provider.status = EVENTS.lora;
      expect(await handleWebhook(deps, 'token-of-job', SUCCESS)).toEqual({ kind: 'applied', pollNow: true });
      await deps.inFlight.drain(20_000);
      expect((await read('job')).avatar).toMatchObject({ status: 'COMPLETED', falRequestId: ID });
    },
  );

  test('of a success without the result has it fetched', async () => {
    const { deps, provider } = testDeps();
    await add('job');
    provider.status = EVENTS.lora;
    const result = await handleWebhook(deps, 'token-of-job', SUCCESS_WITHOUT_RESULT);
    expect(result).toMatchObject({ kind: 'applied' });
    await deps.inFlight.drain(20_000);
    expect((await stateOf('job')).status).toBe('COMPLETED');
    expect(provider.polled).toEqual([ID]);
  });
});

describe('an unreadable webhook', () => {
  const unreadable = (requestId: string, digest = 'digest') => {
    return { requestId, digest, body: Buffer.from('junk') };
  };

  test('of a known run is stored once, and fal is polled once', async () => {
    const { deps, provider } = testDeps();
    await add('job', RUNNING);
    for (const token of [null, 'token-of-job']) {
      expect(await storeUnreadable(deps, token, unreadable(ID))).toBe('kept');
    }
    expect(await prisma.webhookDelivery.findMany()).toMatchObject([{ outcome: 'UNREADABLE' }]);
    await deps.inFlight.drain(20_000);
    expect(provider.polled).toEqual([ID]);
  });

  test.each(['SUBMITTING', 'SUBMIT_UNKNOWN'] as const)(
    'of a job at %s is stored, and binds nothing',
    async (state) => {
      const { deps, provider } = testDeps();
      await add('job', { state });
      expect(await storeUnreadable(deps, 'token-of-job', unreadable(OTHER_ID))).toBe('kept');
      await deps.inFlight.drain(20_000);
      expect((await stateOf('job')).revision).toBe(0);
      expect(await prisma.webhookDelivery.count()).toBe(1);
      expect(provider.polled).toEqual([]);
    },
  );

  test('of no job, or at the URL of another one, is not stored', async () => {
    const { deps, provider } = testDeps();
    await add('job', RUNNING);
    await add('other');
    expect(await storeUnreadable(deps, 'no-such-token', unreadable(OTHER_ID))).toBe('unknown-job');
    expect(await storeUnreadable(deps, null, unreadable(OTHER_ID))).toBe('unknown-job');
    expect(await storeUnreadable(deps, 'token-of-other', unreadable(ID))).toBe('mismatch');
    expect(await prisma.webhookDelivery.count()).toBe(0);
    expect(provider.polled).toEqual([]);
  });
});

describe('a requested poll', () => {
  test('applies what fal answers', async () => {
    const { deps, provider } = testDeps();
    await add('job', RUNNING);
    provider.status = EVENTS.failed;
    requestPoll(deps, { requestId: ID });
    await expect.poll(async () => (await stateOf('job')).status).toBe('FAILED');
  });

  test('of an unknown run sends nothing to fal', async () => {
    const { deps, store, provider, log } = testDeps();
    const found = vi.spyOn(store, 'findJobToPoll');
    requestPoll(deps, { requestId: OTHER_ID });
    await found.mock.results[0]?.value;
    expect(provider.polled).toEqual([]);
    expect(log.lines).toEqual([]);
  });

  test('logs a warning when the database fails', async () => {
    const { deps, store, log } = testDeps();
    vi.spyOn(store, 'findJobToPoll').mockRejectedValue(new Error('no database'));
    requestPoll(deps, { requestId: ID });
    await expect.poll(() => log.lines).toMatchObject([{ level: 'warn' }]);
  });
});
