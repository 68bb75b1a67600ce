import { describe, expect, test } from 'vitest';
import {
  AVATAR,
  GENERATION,
  HistoryFixture,
  observed,
  OTHER_RUN,
  RUN,
  validHistory,
} from './history-fixture.ts';
import { check, type INVARIANTS } from './check.ts';
import { idsIn } from './history.ts';
import { unknownsIn } from './invariants/spend.ts';

type Change = (made: HistoryFixture) => unknown;
/** Title, change, words of the violation, and a history to change in place of the valid one. */
type Violated = readonly [title: string, change: Change, words: string, from?: () => HistoryFixture];

function violationsOf(from: HistoryFixture, change: Change = () => undefined): string[] {
  change(from);
  return check(from).map(({ invariant, text }) => `${invariant}: ${text}`);
}

/** Ada's avatar, created and deleted. */
function deleted(): HistoryFixture {
  const made = new HistoryFixture().withoutTraining();
  made.ok({ kind: 'create' }, observed(1));
  made.avatar = null;
  return made.ok({ kind: 'delete', avatarId: AVATAR });
}

/** Ada's avatar, created; whether its delete took effect is unknown. */
function maybeDeleted(): HistoryFixture {
  const made = new HistoryFixture().withoutTraining();
  made.ok({ kind: 'create' }, observed(1));
  const call = made.invoke({ kind: 'delete', avatarId: AVATAR });
  return made.add({ kind: 'info', call, why: 'cut' });
}

/** fal accepted the submit, and no server got the answer. */
function unknownSubmit(): HistoryFixture {
  const made = new HistoryFixture();
  const errorCode = 'SUBMIT_OUTCOME_UNKNOWN';
  made.ok({ kind: 'create' }, observed(1));
  made.job = { ...made.job, state: 'SUBMIT_UNKNOWN', requestId: null, errorCode };
  made.avatar = { ...observed(2, { requestId: null, errorCode }), owner: 'ada' };
  return made;
}

const contradicted: Change = (made) => (made.submit = { ...made.submit, isContradicted: true });

/** Shown FAILED by a webhook, then COMPLETED by another one. */
function corrected(): HistoryFixture {
  const made = new HistoryFixture();
  made.avatar = { ...observed(5), owner: 'ada' };
  made.stream([observed(4, { status: 'FAILED' }), observed(5)]);
  return made;
}

/** A generation, shown FAILED by a webhook, which ended its stream, then COMPLETED by another one. */
function correctedGeneration(isContradicted = false): HistoryFixture {
  const made = validHistory();
  const generation = { id: GENERATION, requestId: null };
  const run = { key: 'k2', token: 'token-2', requestId: OTHER_RUN };
  const generated = { id: `job_${'4'.repeat(32)}`, kind: 'GENERATION', generationId: GENERATION } as const;
  made.generations = [{ ...observed(4, generation), owner: 'ada', avatarId: AVATAR }];
  made.moreJobs.push({ ...made.job, ...run, ...generated });
  made.moreSubmits.push({ ...made.submit, ...run, isContradicted });
  const failed = observed(3, { ...generation, status: 'FAILED' });
  const stream = made.stream([failed], { subscriber: 'ada 2', about: GENERATION });
  return made.add({ kind: 'closed', stream, how: 'complete' });
}

const job =
  (change: Partial<HistoryFixture['job']>): Change =>
  (made) =>
    (made.job = { ...made.job, ...change });
const submit =
  (change: Partial<HistoryFixture['submit']>): Change =>
  (made) =>
    (made.submit = { ...made.submit, ...change });
const secondSubmit =
  (change: Partial<HistoryFixture['submit']>): Change =>
  (made) =>
    made.moreSubmits.push({ ...made.submit, ...change });
const shown =
  (...row: Parameters<typeof observed>): Change =>
  (made) =>
    (made.avatar = { ...observed(...row), owner: 'ada' });
const read =
  (...row: Parameters<typeof observed>): Change =>
  (made) =>
    made.ok({ kind: 'read', id: AVATAR }, observed(...row));
const stream =
  (...[frames, options]: Parameters<HistoryFixture['stream']>): Change =>
  (made) =>
    made.stream(frames, { subscriber: 'ada 2', ...options });
const closed =
  (how: 'complete' | 'lost'): Change =>
  (made) =>
    made.add({ kind: 'closed', stream: made.stream([observed(4)], { subscriber: 'ada 2' }), how });
const all =
  (...changes: Change[]): Change =>
  (made) =>
    changes.forEach((change) => change(made));

const VIOLATED: Readonly<Record<keyof typeof INVARIANTS, readonly Violated[]>> = {
  'what was acknowledged is kept': [
    ['a created avatar is gone', (made) => (made.avatar = null), 'was created and is gone'],
    ['a read finds nothing', (made) => made.ok({ kind: 'read', id: AVATAR }, null), 'a read did not find it'],
    ['a deleted avatar is there', shown(1), 'is there again', deleted],
    ['a deleted avatar is read', read(1), 'read again', deleted],
    [
      'a training has no job',
      (made) => made.ok({ kind: 'train', avatarId: AVATAR, key: 'k2' }, observed(4)),
      'no job of it',
    ],
    [
      'a generation has no row',
      (made) => made.ok({ kind: 'generate', avatarId: AVATAR, key: 'k1' }, observed(1, { id: GENERATION })),
      `${GENERATION} was acknowledged and is gone`,
    ],
  ],
  'a job is submitted once': [
    ['a job is submitted twice', secondSubmit({ requestId: null }), 'was submitted 2 times'],
    [
      'a key has two runs',
      all(secondSubmit({ token: 'token-2', requestId: OTHER_RUN }), (made) =>
        made.moreJobs.push({ ...made.job, id: 'job_2', token: 'token-2', requestId: OTHER_RUN }),
      ),
      'took 2 runs for the key k1',
    ],
    ['a submit has no job', secondSubmit({ token: 'token-9' }), 'no job tells of'],
    [
      'a key has two results',
      (made) => made.ok({ kind: 'generate', avatarId: AVATAR, key: 'k1' }, observed(1, { id: GENERATION })),
      'was answered with',
    ],
  ],
  'a run has one end, the one fal decided': [
    ['COMPLETED, and fal failed it', submit({ end: 'failed' }), 'its run failed at fal'],
    ['COMPLETED, and fal cancelled it', submit({ end: 'cancelled' }), 'fal stopped its run'],
    ['COMPLETED, and it is open at fal', submit({ end: null }), 'has not ended at fal'],
    [
      'CANCELLED, and it succeeded',
      job({ state: 'CANCELLED', cancelRequested: true }),
      'CANCELLED, and its run succeeded',
    ],
    [
      'FAILED by a webhook, and it succeeded',
      all(contradicted, job({ state: 'FAILED' }), shown(4, { status: 'FAILED' })),
      'FAILED, and its run succeeded',
    ],
    [
      'corrected without a contradiction',
      stream([observed(4, { status: 'FAILED' }), observed(5)]),
      'was FAILED with run .* COMPLETED',
    ],
    ['COMPLETED without a run', submit({ requestId: null }), 'fal never took it'],
    [
      'FAILED after COMPLETED',
      stream([observed(4), observed(5, { status: 'FAILED' })]),
      'was COMPLETED with run .* FAILED',
    ],
    [
      'TRAINING after COMPLETED',
      stream([observed(4), observed(5, { status: 'TRAINING' })]),
      'was COMPLETED with run .* TRAINING',
    ],
    [
      'the avatar differs from its job',
      shown(4, { status: 'FAILED' }),
      'shows FAILED, and its job is COMPLETED',
    ],
    [
      'the run belongs to another job',
      all(secondSubmit({ token: 'token-2', requestId: OTHER_RUN }), job({ requestId: OTHER_RUN })),
      'started for somebody else',
    ],
  ],
  'versions only grow': [
    ['not within a stream', stream([observed(3), observed(2)]), 'after 3 on the same stream'],
    ['not over a reconnect', (made) => made.stream([observed(3)], { about: null }), 'came again and got 3'],
    [
      'not beyond afterVersion',
      (made) => made.stream([observed(4)], { afterVersion: 4 }),
      'after version 4 and got 4',
    ],
    ['not from a stream to a read', read(2), 'read at version 2 when 4 had been seen'],
    ['one version has two states', read(4, { errorCode: 'LOST' }), 'two states at version 4'],
  ],
  'the last frame is the row': [
    ['it is older', stream([observed(3)]), 'last saw .* TRAINING at 3'],
    ['there is none', stream([], { about: null }), 'never got a state'],
    ['the stream completes before its avatar', closed('complete'), 'still there'],
    [
      'the stream completes before its generation',
      () => undefined,
      'still there',
      () => correctedGeneration(),
    ],
    [
      'the last frame of a complete stream is not the row',
      (made) => (made.generations = made.generations.map((row) => ({ ...row, version: 3 }))),
      'last saw .* FAILED at 3; it is COMPLETED at 3',
      () => correctedGeneration(),
    ],
    ['a lost stream is not reopened', closed('lost'), 'did not come again'],
    ['the stream outlives its avatar', stream([observed(1)]), 'which is gone', deleted],
  ],
  'tenants are apart': [
    [
      'a frame has a foreign id',
      stream([observed(4)], { subscriber: 'bob 1', tenant: 'bob' }),
      `bob was shown ${AVATAR}`,
    ],
    [
      'a refusal has a foreign id',
      (made) => {
        const call = made.invoke({ kind: 'cancel', avatarId: AVATAR }, 'bob');
        made.add({ kind: 'fail', call, code: 'CONFLICT', ids: [RUN] });
      },
      `bob was shown ${RUN}`,
    ],
    [
      'a foreign avatar is cancelled',
      (made) => made.ok({ kind: 'cancel', avatarId: AVATAR }, null, 'bob'),
      'bob could cancel',
    ],
  ],
  'the ledger is right': [
    ['other units at fal', submit({ units: 4 }), '1 units are in the jobs table, and fal took 4'],
    ['spent without a run', submit({ requestId: null }), 'counts as spent'],
    ['refused with a run', job({ state: 'FAILED', errorCode: 'PROVIDER_UNAVAILABLE' }), 'counts as refused'],
  ],
  'everything settles': [
    ['a job is running', job({ state: 'RUNNING' }), 'is still RUNNING'],
    ['a job is submitting', job({ state: 'SUBMITTING' }), 'is still SUBMITTING'],
    ['a run is open at fal', submit({ end: null }), 'still open at fal'],
    ['an unknown submit is not shown', shown(2, { requestId: null }), 'does not say so', unknownSubmit],
    [
      'an unknown submit had its webhook',
      (made) => made.add({ kind: 'webhook', requestId: RUN, label: 'genuine', status: 200 }),
      'although its webhook was taken',
      unknownSubmit,
    ],
    ['notifications are unpublished', (made) => (made.unpublished = 2), '2 changes were never announced'],
  ],
};

describe.each(Object.entries(VIOLATED))('"%s" is violated when', (invariant, rows) => {
  for (const [title, change, words, from = validHistory] of rows) {
    test(title, () => {
      expect(violationsOf(from(), change)).toContainEqual(
        expect.stringMatching(new RegExp(`^${invariant}: .*${words}`)) as string,
      );
    });
  }
});

const VALID: readonly (readonly [title: string, made: HistoryFixture, change?: Change])[] = [
  ['a valid history', validHistory()],
  ['a deleted avatar', deleted()],
  ['a delete with unknown outcome that had no effect', maybeDeleted()],
  ['a delete with unknown outcome that took effect', maybeDeleted(), (made) => (made.avatar = null)],
  ['a failure that only a webhook claimed, corrected once', corrected(), contradicted],
  ['the same failure, which ended the stream of a generation', correctedGeneration(true)],
  ['a submit with unknown outcome that is shown', unknownSubmit()],
  [
    'a read of a foreign avatar that finds nothing',
    validHistory(),
    (made) => made.ok({ kind: 'read', id: AVATAR }, null, 'bob'),
  ],
];

describe('no invariant is violated by', () => {
  for (const [title, made, change] of VALID) {
    test(title, () => expect(violationsOf(made, change)).toEqual([]));
  }
});

test('CANCELLED goes with a success when the run was unknown at the cancel', () => {
  const change = job({ state: 'CANCELLED', cancelRequested: true, settledUnbound: true });
  expect(violationsOf(validHistory(), change).filter((text) => text.includes('succeeded at fal'))).toEqual(
    [],
  );
});

test('submits with unknown outcome are listed', () => {
  const made = validHistory();
  job({ state: 'SUBMIT_UNKNOWN', requestId: null })(made);
  expect(unknownsIn(made)).toEqual([{ job: made.job, tookIt: true }]);
  job({ state: 'FAILED', errorCode: 'PROVIDER_REJECTED' })(made);
  expect(unknownsIn(made)).toEqual([]);
});

test('ids are found anywhere in a text', () => {
  expect(idsIn(`{"id":"${AVATAR}","x":"run ${RUN}, not ${RUN}0, ${GENERATION}1"}`)).toEqual([AVATAR, RUN]);
});
