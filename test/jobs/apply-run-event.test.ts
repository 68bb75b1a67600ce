import { describe, expect, test, vi } from 'vitest';
import { applyRunEvent } from '../../src/jobs/apply-run-event.ts';
import { jobsDatabase, POLL_MS } from '../support/test-deps.ts';
import { EVENTS, ID, OTHER_ID } from '../support/run-events.ts';
import { UNKNOWN_OUTCOME_DEADLINE_MS } from '../../src/domain/job-state.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';

const { prisma, add, read, testDeps } = await jobsDatabase();

const RUNNING = { state: 'RUNNING', falRequestId: ID } as const;
const LORA = { event: EVENTS.lora, source: 'WEBHOOK' } as const;

describe('a run event', () => {
  test('is committed, then published by id and version', async () => {
    const { deps, published } = testDeps();
    await add('job', RUNNING);
    expect(await applyRunEvent(deps, 'job', LORA)).toMatchObject({ kind: 'applied' });
    expect((await read('job')).avatar).toMatchObject({ status: 'COMPLETED', version: 2 });
    expect(published).toMatchObject([
      { kind: 'AVATAR', ownerId: 'owner', entityId: 'avt-of-job', version: 2 },
    ]);
    await deps.inFlight.drain(20_000);
    expect(await prisma.announcement.count()).toBe(0);
  });

  test('takes effect once, however many deliveries arrive at once', async () => {
    const { deps, published } = testDeps();
    await add('job', RUNNING);
    const results = await Promise.all(Array.from({ length: 50 }, () => applyRunEvent(deps, 'job', LORA)));
    expect(results.filter(({ kind }) => kind === 'applied')).toHaveLength(1);
    expect(results.filter(({ kind }) => kind === 'ignored')).toHaveLength(49);
    expect(await read('job')).toMatchObject({ revision: 1, avatar: { version: 2 } });
    expect(published).toHaveLength(1);
  });

  test('that another write overtook is decided again on the new state', async () => {
    const { deps, store } = testDeps();
    await add('job', RUNNING);
    const save = store.save.bind(store);
    let writes = 5;
    store.save = async (...decided) => {
      if (writes-- > 0) {
        await prisma.job.update({ where: { id: 'job' }, data: { revision: { increment: 1 } } });
      }
      return save(...decided);
    };
    const loads = vi.spyOn(store, 'load');
    expect(await applyRunEvent(deps, 'job', LORA)).toMatchObject({ kind: 'applied' });
    expect(loads).toHaveBeenCalledTimes(6);
    expect((await read('job')).avatar?.status).toBe('COMPLETED');
  });

  test('of a failure that a cancel overtook ends the run as CANCELLED', async () => {
    const { deps, store } = testDeps();
    await add('job', RUNNING);
    const save = store.save.bind(store);
    store.save = async (...decided) => {
      store.save = save;
      const data = { cancelRequestedAt: new Date(), revision: { increment: 1 } };
      await prisma.job.update({ where: { id: 'job' }, data });
      return save(...decided);
    };
    await applyRunEvent(deps, 'job', { event: EVENTS.failed, source: 'POLL' });
    expect((await read('job')).avatar?.status).toBe('CANCELLED');
  });

  test('of a job that does not exist is ignored', async () => {
    const { deps } = testDeps();
    expect(await applyRunEvent(deps, 'job', LORA)).toEqual({ kind: 'ignored', reason: 'no-such-job' });
  });

  test('of another run is ignored', async () => {
    const { deps } = testDeps();
    await add('job', { ...RUNNING, falRequestId: OTHER_ID });
    expect(await applyRunEvent(deps, 'job', LORA)).toEqual({ kind: 'ignored', reason: 'other-run' });
    expect((await read('job')).revision).toBe(0);
  });

  test('with the request id of another job is not applied, and is logged as an error', async () => {
    const { deps, log } = testDeps();
    await add('first', RUNNING);
    await add('second');
    expect(await applyRunEvent(deps, 'second', { event: EVENTS.accepted, source: 'SUBMIT' })).toEqual({
      kind: 'ignored',
      reason: 'request-id-taken',
    });
    expect(await read('second')).toMatchObject({ state: 'SUBMITTING', falRequestId: null });
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('that changes nothing visible is not published', async () => {
    const { deps, published } = testDeps();
    await add('job', RUNNING);
    await applyRunEvent(deps, 'job', { event: EVENTS.accepted, source: 'SUBMIT' });
    const { statusUrl, avatar } = await read('job');
    expect(statusUrl).not.toBeNull();
    expect([avatar?.version, published.length]).toEqual([1, 0]);
  });

  test('that cannot be saved throws', async () => {
    const { deps, store } = testDeps();
    await add('job', RUNNING);
    store.save = () => Promise.reject(new Error('no database'));
    await expect(applyRunEvent(deps, 'job', LORA)).rejects.toThrow('no database');
  });

  test('that refuses a generation deletes it and publishes that', async () => {
    const { deps, published } = testDeps();
    await add('job', { kind: 'GENERATION' });
    await applyRunEvent(deps, 'job', { event: EVENTS.refused, source: 'SUBMIT' });
    expect((await read('job')).generation).toBeNull();
    expect(published).toMatchObject([{ kind: 'GENERATION', entityId: 'gen-of-job', version: 2 }]);
  });

  test('whose publication fails is applied and stays in the outbox', async () => {
    const { deps, publisher, log } = testDeps();
    await add('job', RUNNING);
    publisher.publish = () => Promise.reject(new Error('no connection'));
    expect(await applyRunEvent(deps, 'job', LORA)).toMatchObject({ kind: 'applied' });
    await deps.inFlight.drain(20_000);
    expect(await prisma.announcement.findMany()).toMatchObject([{ entityId: 'avt-of-job', version: 2 }]);
    expect(log.lines.some(({ level }) => level === 'warn')).toBe(true);
  });
});

describe('the next poll', () => {
  test.each<[string, RunEvent, number | null]>([
    ['one interval after the submit is accepted', EVENTS.accepted, POLL_MS],
    ['at the deadline of an unknown outcome', EVENTS.unknown, UNKNOWN_OUTCOME_DEADLINE_MS],
    ['at once when the result has to be fetched', EVENTS.identified, 0],
    ['never after a refusal', EVENTS.refused, null],
    ['never after the end', EVENTS.lora, null],
  ])('is due %s', async (_when, event, inMs) => {
    const { deps, polls } = testDeps();
    await add('job');
    await applyRunEvent(deps, 'job', { event, source: 'SUBMIT' });
    expect(polls).toEqual([inMs]);
    expect((await read('job')).nextPollAt === null).toBe(inMs === null);
  });

  test('stays as planned while the run goes on', async () => {
    const { deps } = testDeps();
    const nextPollAt = new Date('2030-01-01');
    await add('job', { ...RUNNING, nextPollAt });
    await applyRunEvent(deps, 'job', { event: EVENTS.runningHalf, source: 'POLL' });
    expect(await read('job')).toMatchObject({ nextPollAt, avatar: { progressPercent: 50 } });
  });

  test('is due at once for a cancelled job that learns its request id: fal has to be told', async () => {
    const { deps, polls } = testDeps();
    await add('job', { state: 'CANCELLED', cancelRequestedAt: new Date() });
    await applyRunEvent(deps, 'job', { event: EVENTS.accepted, source: 'SUBMIT' });
    expect(polls).toEqual([0]);
    expect(await read('job')).toMatchObject({ state: 'CANCELLED', falRequestId: ID, avatar: { version: 1 } });
  });
});
