import { describe, expect, test } from 'vitest';
import { FINAL_STATES, transition, OPEN_STATES, type JobState } from '../../src/domain/job-state.ts';
import { EVENT_NAMES, EVENTS, ID, URLS, type EventName } from '../support/run-events.ts';
import { NOW, training } from '../support/domain-fixtures.ts';

/** Why an event is not applied. */
const REASONS = { '.': 'nothing-new', '~': 'other-run' } as const;

/** The state after each event, by the state before it; the last two states have the request id ID. */
const TABLE: Record<
  EventName,
  readonly [JobState | keyof typeof REASONS, ...(JobState | keyof typeof REASONS)[]]
> = {
  // SUBMITTING, SUBMIT_UNKNOWN, QUEUED, RUNNING
  accepted: ['QUEUED', 'QUEUED', 'QUEUED', 'RUNNING'],
  acceptedWithoutUrls: ['QUEUED', 'QUEUED', '.', '.'],
  acceptedOther: ['QUEUED', 'QUEUED', '~', '~'],
  refused: ['FAILED', 'FAILED', '.', '.'],
  unknown: ['SUBMIT_UNKNOWN', '.', '.', '.'],
  notStarted: ['.', 'FAILED', '.', '.'],
  identified: ['QUEUED', 'QUEUED', '.', '.'],
  identifiedOther: ['QUEUED', 'QUEUED', '~', '~'],
  queued: ['.', '.', 'QUEUED', 'QUEUED'],
  queuedSomewhere: ['.', '.', 'QUEUED', 'QUEUED'],
  running: ['.', '.', 'RUNNING', 'RUNNING'],
  runningHalf: ['.', '.', 'RUNNING', 'RUNNING'],
  lora: ['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED'],
  finetune: ['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED'],
  images: ['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED'],
  loraOfOther: ['COMPLETED', 'COMPLETED', '~', '~'],
  // decide-training and decide-generation check the answer.
  empty: ['COMPLETED', 'COMPLETED', 'COMPLETED', 'COMPLETED'],
  failed: ['FAILED', 'FAILED', 'FAILED', 'FAILED'],
  failedUnnamed: ['FAILED', 'FAILED', 'FAILED', 'FAILED'],
  failedOther: ['FAILED', 'FAILED', '~', '~'],
  cancelled: ['CANCELLED', 'CANCELLED', 'CANCELLED', 'CANCELLED'],
  cancelledNamed: ['CANCELLED', 'CANCELLED', 'CANCELLED', 'CANCELLED'],
  abandoned: ['FAILED', 'FAILED', 'FAILED', 'FAILED'],
  cancelledBeforeSubmit: ['CANCELLED', 'CANCELLED', '.', '.'],
  // Confirms an end, and none of these states is one.
  confirmed: ['.', '.', '.', '.'],
  confirmedImages: ['.', '.', '.', '.'],
  confirmedEmpty: ['.', '.', '.', '.'],
  confirmedOther: ['.', '.', '~', '~'],
};

function jobIn(state: JobState) {
  const isBound = state === 'QUEUED' || state === 'RUNNING';
  return training({ state, falRequestId: isBound ? ID : null }).job;
}

describe.each(EVENT_NAMES)('%s', (name) => {
  test.each(OPEN_STATES.map((state, column) => [state, TABLE[name][column] ?? '.'] as const))(
    'at %s gives %s',
    (state, expected) => {
      const next = transition(jobIn(state), EVENTS[name], NOW);
      if (expected === '.' || expected === '~') {
        expect(next).toEqual({ kind: 'ignore', reason: REASONS[expected] });
      } else {
        expect(next.kind === 'change' ? (next.change.state ?? state) : next).toBe(expected);
      }
    },
  );

  const corrects = name.startsWith('confirmed') && name !== 'confirmedOther';
  const ends = FINAL_STATES.filter((state) => !(corrects && state === 'FAILED'));
  test.each(ends)('at %s, bound, changes nothing', (state) => {
    expect(transition({ ...jobIn(state), falRequestId: ID }, EVENTS[name], NOW)).toEqual({
      kind: 'ignore',
      reason: 'already-final',
    });
  });
});

test('a job cancelled during its submit still learns its request id, so that the cancel reaches fal', () => {
  expect(transition(jobIn('CANCELLED'), EVENTS.accepted, NOW)).toEqual({
    kind: 'change',
    change: { falRequestId: ID, submittedAt: NOW, ...URLS },
  });
  for (const state of ['COMPLETED', 'FAILED'] as const) {
    expect(transition(jobIn(state), EVENTS.accepted, NOW)).toMatchObject({ kind: 'ignore' });
  }
});

test('a success that fal confirms replaces a failure', () => {
  const failed = { ...jobIn('FAILED'), falRequestId: ID, errorCode: 'PROVIDER_FAILED' };
  expect(transition(failed, EVENTS.confirmed, NOW)).toEqual({
    kind: 'change',
    change: { state: 'COMPLETED', settledAt: NOW, errorCode: null, errorMessage: null },
  });
});

test.each(['LOST', 'NOT_STARTED'])(
  'a job that ended as %s learns its request id from a success',
  (errorCode) => {
    const lost = { ...jobIn('FAILED'), errorCode };
    for (const event of [EVENTS.lora, EVENTS.identified]) {
      expect(transition(lost, event, NOW)).toEqual({
        kind: 'change',
        change: { falRequestId: ID, submittedAt: NOW },
      });
      const refused = { ...lost, errorCode: 'PROVIDER_REJECTED' };
      expect(transition(refused, event, NOW)).toMatchObject({ kind: 'ignore' });
    }
    expect(transition(lost, EVENTS.failed, NOW)).toMatchObject({ kind: 'ignore' });
  },
);

test('the first event of a run sets the request id', () => {
  for (const name of ['accepted', 'identified', 'lora', 'failed', 'cancelledNamed'] as const) {
    for (const state of ['SUBMITTING', 'SUBMIT_UNKNOWN'] as const) {
      expect(transition(jobIn(state), EVENTS[name], NOW)).toMatchObject({
        change: { falRequestId: ID, submittedAt: NOW },
      });
    }
  }
});

test("a submit's answer after the webhook adds the URLs only, once", () => {
  expect(transition(jobIn('RUNNING'), EVENTS.accepted, NOW)).toEqual({ kind: 'change', change: URLS });
  expect(transition({ ...jobIn('RUNNING'), ...URLS }, EVENTS.accepted, NOW)).toEqual({
    kind: 'ignore',
    reason: 'nothing-new',
  });
});

test('only a refusal releases the idempotency key', () => {
  for (const name of EVENT_NAMES) {
    const next = transition(jobIn('SUBMITTING'), EVENTS[name], NOW);
    const frees = next.kind === 'change' && next.change.releaseIdempotencyKey === true;
    expect(frees, name).toBe(name === 'refused');
  }
});

test('a final state has a date, an open one has none', () => {
  for (const state of OPEN_STATES) {
    for (const name of EVENT_NAMES) {
      const next = transition(jobIn(state), EVENTS[name], NOW);
      if (next.kind === 'ignore') continue;
      const isFinal = (FINAL_STATES as readonly string[]).includes(next.change.state ?? state);
      expect(next.change.settledAt, `${name} at ${state}`).toEqual(isFinal ? NOW : undefined);
    }
  }
});
