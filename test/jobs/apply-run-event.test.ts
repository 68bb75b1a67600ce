import { describe, expect, test } from 'vitest';
import { applyRunEvent } from '../../src/jobs/apply-run-event.ts';
import { publishSoon } from '../../src/jobs/publish-outbox.ts';
import { testDeps, POLL_MS } from '../support/test-deps.ts';
import { EVENTS, ID, OTHER_ID } from '../support/run-events.ts';
import { training, generating } from '../support/domain-fixtures.ts';
import { UNKNOWN_OUTCOME_DEADLINE_MS } from '../../src/jobs/timing.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';

const RUNNING = { state: 'RUNNING', falRequestId: ID } as const;
const SEEN = { status: 'TRAINING' } as const;

describe('news of a run', () => {
  test('is committed, then announced by id and version', async () => {
    const { deps, store, published } = testDeps();
    const row = store.add('job', training(RUNNING, SEEN), { version: 7 });
    expect(await applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'WEBHOOK' })).toMatchObject({
      kind: 'applied',
    });
    expect(row.world.avatar?.status).toBe('COMPLETED');
    expect(published).toMatchObject([{ kind: 'AVATAR', ownerId: 'ada', entityId: 'avt-of-job', version: 8 }]);
    await deps.inFlight.drain(1000);
    expect(store.pending.size).toBe(0);
  });

  test('told 50 times at once takes effect once', async () => {
    const { deps, store, published } = testDeps();
    const row = store.add('job', training(RUNNING, SEEN));
    const ends = await Promise.all(
      Array.from({ length: 50 }, () => applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'WEBHOOK' })),
    );
    expect(ends.filter(({ kind }) => kind === 'applied')).toHaveLength(1);
    expect(ends.filter(({ kind }) => kind === 'ignored')).toHaveLength(49);
    expect([row.revision, row.version, published.length]).toEqual([1, 2, 1]);
  });

  test('of a success and of a failure at the same moment has one winner', async () => {
    const { deps, store } = testDeps();
    const row = store.add('job', training(RUNNING, SEEN));
    const ends = await Promise.all([
      applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'WEBHOOK' }),
      applyRunEvent(deps, 'job', { event: EVENTS.failed, source: 'POLL' }),
    ]);
    expect(ends).toMatchObject([{ kind: 'applied' }, { kind: 'ignored', reason: 'already-final' }]);
    expect(row.world.avatar).toMatchObject({ status: 'COMPLETED', error: null });
  });

  test('that was overtaken is decided again on what is there then', async () => {
    const { deps, store } = testDeps();
    const row = store.add('job', training(RUNNING, SEEN));
    let others = 5;
    store.beforeSave = () => {
      if (others-- > 0) row.revision += 1;
    };
    expect(await applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'POLL' })).toMatchObject({
      kind: 'applied',
    });
    expect(store.loads).toBe(6);
    expect(row.world.avatar?.status).toBe('COMPLETED');
  });

  test('that was overtaken by a cancel counts as cancelled', async () => {
    const { deps, store } = testDeps();
    const row = store.add('job', training(RUNNING, SEEN));
    store.beforeSave = () => {
      store.beforeSave = () => undefined;
      row.world = { ...row.world, job: { ...row.world.job, cancelRequested: true } };
      row.revision += 1;
    };
    await applyRunEvent(deps, 'job', { event: EVENTS.failed, source: 'POLL' });
    expect(row.world.avatar?.status).toBe('CANCELLED');
  });

  test('of a job that is gone is ignored', async () => {
    const { deps, published } = testDeps();
    expect(await applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'WEBHOOK' })).toEqual({
      kind: 'ignored',
      reason: 'no-such-job',
    });
    expect(published).toEqual([]);
  });

  test('that binds an id another job has is not applied, and is a matter for the operator', async () => {
    const { deps, store, log } = testDeps();
    store.add('first', training(RUNNING, SEEN));
    const second = store.add('second', training());
    expect(await applyRunEvent(deps, 'second', { event: EVENTS.accepted, source: 'SUBMIT' })).toEqual({
      kind: 'ignored',
      reason: 'request-id-taken',
    });
    expect(second.world.job).toMatchObject({ state: 'SUBMITTING', falRequestId: null });
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  test('that people do not see is announced to nobody', async () => {
    const { deps, store, published } = testDeps();
    const row = store.add('job', training(RUNNING, SEEN));
    await applyRunEvent(deps, 'job', { event: EVENTS.accepted, source: 'SUBMIT' });
    expect(row.world.job.statusUrl).not.toBeNull();
    expect([row.version, published.length]).toEqual([1, 0]);
  });

  test('that cannot be saved is thrown, so that whoever brought it can say so', async () => {
    const { deps, store } = testDeps();
    store.add('job', training(RUNNING, SEEN));
    store.beforeSave = () => {
      throw new Error('the database is away');
    };
    await expect(applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'WEBHOOK' })).rejects.toThrow(
      'the database is away',
    );
  });
});

describe('an announcement that fails', () => {
  test('costs the change nothing and stays to be announced', async () => {
    const { deps, store, relay, log } = testDeps();
    store.add('job', training(RUNNING, SEEN));
    relay.fails = () => true;
    expect(await applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'WEBHOOK' })).toMatchObject({
      kind: 'applied',
    });
    await deps.inFlight.drain(1000);
    expect([...store.pending.values()]).toMatchObject([{ entityId: 'avt-of-job', version: 2 }]);
    expect(log.lines.some(({ level }) => level === 'warn')).toBe(true);
  });

  // Publishing wakes this process's own watchers before it tries the others: each has to have its turn.
  test('does not keep the ones after it from whoever listens here', () => {
    const { deps, published, relay } = testDeps();
    relay.fails = () => true;
    const news = ['a', 'b', 'c'].map((entityId, index) => ({
      id: BigInt(index),
      kind: 'AVATAR' as const,
      ownerId: 'ada',
      entityId,
      version: 1,
    }));
    publishSoon(deps, news);
    expect(published.map(({ entityId }) => entityId)).toEqual(['a', 'b', 'c']);
  });
});

describe('the next look at a run', () => {
  test.each<[string, RunEvent, number | null | undefined]>([
    ['one interval after it was accepted', EVENTS.accepted, POLL_MS],
    ['at the deadline when nobody answered its submit', EVENTS.unknown, UNKNOWN_OUTCOME_DEADLINE_MS],
    ['at once when its result has to be fetched', EVENTS.bound, 0],
    ['never when it was refused', EVENTS.refused, null],
    ['never when it ended', EVENTS.lora, null],
  ])('is %s', async (_when, event, inMs) => {
    const { deps, store } = testDeps();
    const row = store.add('job', training());
    await applyRunEvent(deps, 'job', { event, source: 'SUBMIT' });
    expect(row.nextPollInMs).toBe(inMs);
  });

  test('stays as planned while it runs', async () => {
    const { deps, store } = testDeps();
    const row = store.add('job', training(RUNNING, SEEN), { nextPollInMs: 1234 });
    await applyRunEvent(deps, 'job', { event: EVENTS.runningHalf, source: 'POLL' });
    expect(row.nextPollInMs).toBe(1234);
  });

  test('is at once for a cancelled job that only now learns its id: fal has to be told', async () => {
    const { deps, store } = testDeps();
    const row = store.add(
      'job',
      training({ state: 'CANCELLED', cancelRequested: true }, { status: 'CANCELLED' }),
    );
    await applyRunEvent(deps, 'job', { event: EVENTS.accepted, source: 'SUBMIT' });
    expect(row).toMatchObject({ nextPollInMs: 0, version: 1 });
    expect(row.world.job).toMatchObject({ state: 'CANCELLED', falRequestId: ID });
  });
});

test('a generation that was refused is gone, and that is announced', async () => {
  const { deps, store, published } = testDeps();
  const row = store.add('job', generating());
  await applyRunEvent(deps, 'job', { event: EVENTS.refused, source: 'SUBMIT' });
  expect(row.world.generation).toBeNull();
  expect(published).toMatchObject([{ kind: 'GENERATION', entityId: 'gen-of-job', version: 2 }]);
});

test('news of another run is ignored', async () => {
  const { deps, store } = testDeps();
  const row = store.add('job', training({ ...RUNNING, falRequestId: OTHER_ID }, SEEN));
  expect(await applyRunEvent(deps, 'job', { event: EVENTS.lora, source: 'WEBHOOK' })).toEqual({
    kind: 'ignored',
    reason: 'other-run',
  });
  expect(row.revision).toBe(0);
});
