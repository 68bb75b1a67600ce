import { describe, expect, test } from 'vitest';
import {
  AVATAR,
  validHistory,
  GENERATION,
  HistoryFixture,
  OTHER_RUN,
  RUN,
  observed,
} from './history-fixture.ts';
import { check, type INVARIANTS } from './check.ts';
import { idsIn } from './history.ts';
import { unknownsIn } from './invariants/spend.ts';

type InvariantName = keyof typeof INVARIANTS;

/** What the checker says of a validHistory history after a change. */
function violationsOf(change: (fixture: HistoryFixture) => unknown, from = validHistory()): string[] {
  change(from);
  return check(from).map(({ invariant, text }) => `${invariant}: ${text}`);
}

function violates(
  invariant: InvariantName,
  words: string,
  change: (fixture: HistoryFixture) => unknown,
  from?: HistoryFixture,
): void {
  expect(violationsOf(change, from)).toContainEqual(
    expect.stringMatching(new RegExp(`^${invariant}: .*${words}`)) as string,
  );
}

/** Ada's avatar, fixture and deleted. */
function deleted(): HistoryFixture {
  const fixture = new HistoryFixture().withoutTraining();
  fixture.ok({ kind: 'create' }, observed(1));
  fixture.avatar = null;
  fixture.ok({ kind: 'delete', avatarId: AVATAR });
  return fixture;
}

test('a validHistory history has no violations', () => {
  expect(violationsOf(() => undefined)).toEqual([]);
  expect(violationsOf(() => undefined, deleted())).toEqual([]);
});

describe('what was acknowledged is kept', () => {
  const invariant = 'what was acknowledged is kept';
  test('so an avatar that was created must be there', () => {
    violates(invariant, 'was created and is gone', (fixture) => (fixture.avatar = null));
  });
  test('unless its owner deleted it, or may have', () => {
    const fixture = new HistoryFixture().withoutTraining();
    fixture.ok({ kind: 'create' }, observed(1));
    fixture.add({ kind: 'info', call: fixture.invoke({ kind: 'delete', avatarId: AVATAR }), why: 'cut' });
    expect(violationsOf(() => undefined, fixture)).toEqual([]);
    fixture.avatar = null;
    expect(violationsOf(() => undefined, fixture)).toEqual([]);
  });
  test('so a read of it may not come back empty', () => {
    violates(invariant, 'a read did not find it', (fixture) =>
      fixture.ok({ kind: 'read', id: AVATAR }, null),
    );
  });
  test('so what was deleted may not be there or be read again', () => {
    violates(
      invariant,
      'is there again',
      (fixture) => (fixture.avatar = { ...observed(1), owner: 'ada' }),
      deleted(),
    );
    violates(
      invariant,
      'read again',
      (fixture) => fixture.ok({ kind: 'read', id: AVATAR }, observed(1)),
      deleted(),
    );
  });
  test('so a training and a generation have their jobs, and the generation its row', () => {
    violates(invariant, 'no job of it', (fixture) =>
      fixture.ok({ kind: 'train', avatarId: AVATAR, key: 'k2' }, observed(4)),
    );
    const asked = { kind: 'generate', avatarId: AVATAR, key: 'k1' } as const;
    violates(invariant, `${GENERATION} was acknowledged and is gone`, (fixture) =>
      fixture.ok(asked, observed(1, { id: GENERATION })),
    );
  });
});

describe('a job is submitted once', () => {
  const invariant = 'a job is submitted once';
  test('so fal gets one submit for it', () => {
    violates(invariant, 'was submitted 2 times', (fixture) =>
      fixture.moreSubmits.push({ ...fixture.submit, requestId: null }),
    );
  });
  test('so fal takes one run for a key, whatever jobs were fixture for it', () => {
    violates(invariant, 'took 2 runs for the key k1', (fixture) => {
      fixture.moreJobs.push({ ...fixture.job, id: 'job_2', token: 'token-2', requestId: OTHER_RUN });
      fixture.moreSubmits.push({ ...fixture.submit, token: 'token-2', requestId: OTHER_RUN });
    });
  });
  test('so fal gets none that no job tells of', () => {
    violates(invariant, 'no job tells of', (fixture) =>
      fixture.moreSubmits.push({ ...fixture.submit, token: 'token-9' }),
    );
  });
  test('so a key is never answered with two things', () => {
    violates(invariant, 'was answered with', (fixture) => {
      fixture.ok({ kind: 'generate', avatarId: AVATAR, key: 'k1' }, observed(1, { id: GENERATION }));
    });
  });
});

describe('a run has one end, the one fal decided', () => {
  const invariant = 'a run has one end, the one fal decided';
  test.each([
    ['failed', 'its run failed at fal'],
    ['cancelled', 'fal stopped its run'],
    [null, 'has not ended at fal'],
  ] as const)('so COMPLETED does not go with %s', (end, words) => {
    violates(invariant, words, (fixture) => (fixture.submit = { ...fixture.submit, end }));
  });
  test('so CANCELLED does not go with a success, unless nobody knew the run when it was cancelled', () => {
    const cancelled = (fixture: HistoryFixture) => {
      fixture.job = { ...fixture.job, state: 'CANCELLED', cancelRequested: true };
    };
    violates(invariant, 'CANCELLED, and its run succeeded', cancelled);
    const verdict = violationsOf((fixture) => {
      cancelled(fixture);
      fixture.job = { ...fixture.job, settledUnbound: true };
    });
    expect(verdict.filter((text) => text.includes('succeeded at fal'))).toEqual([]);
  });
  test('so a failure that only a webhook claimed is taken back, once', () => {
    const contradicted = (fixture: HistoryFixture) =>
      (fixture.submit = { ...fixture.submit, isContradicted: true });
    const failed = validHistory();
    contradicted(failed);
    violates(
      invariant,
      'FAILED, and its run succeeded',
      (fixture) => {
        fixture.job = { ...fixture.job, state: 'FAILED' };
        fixture.avatar = { ...observed(4, { status: 'FAILED' }), owner: 'ada' };
      },
      failed,
    );
    const corrected = new HistoryFixture();
    contradicted(corrected);
    corrected.avatar = { ...observed(5), owner: 'ada' };
    corrected.stream([observed(4, { status: 'FAILED' }), observed(5)]);
    expect(violationsOf(() => undefined, corrected)).toEqual([]);
    violates(invariant, 'was FAILED with run .* COMPLETED', (fixture) =>
      fixture.stream([observed(4, { status: 'FAILED' }), observed(5)]),
    );
  });
  test('so what fal never took has not ended by itself', () => {
    violates(
      invariant,
      'fal never took it',
      (fixture) => (fixture.submit = { ...fixture.submit, requestId: null }),
    );
  });
  test('so nobody sees a second end, or a way back from an end', () => {
    const late = (status: string) => (fixture: HistoryFixture) =>
      fixture.stream([observed(4), observed(5, { status })], { subscriber: 'ada 2' });
    violates(invariant, 'was COMPLETED with run .* FAILED', late('FAILED'));
    violates(invariant, 'was COMPLETED with run .* TRAINING', late('TRAINING'));
  });
  test('so the avatar shows how its job stands', () => {
    violates(invariant, 'shows FAILED, and its job is COMPLETED', (fixture) => {
      fixture.avatar = { ...observed(4, { status: 'FAILED' }), owner: 'ada' };
    });
  });
  test('so a job is not bound to a run that fal started for another', () => {
    violates(invariant, 'started for somebody else', (fixture) => {
      fixture.job = { ...fixture.job, requestId: OTHER_RUN };
      fixture.moreSubmits.push({ ...fixture.submit, token: 'token-2', requestId: OTHER_RUN });
    });
  });
});

describe('versions only grow', () => {
  const invariant = 'versions only grow';
  test('within a stream', () => {
    violates(invariant, 'after 3 on the same stream', (fixture) =>
      fixture.stream([observed(3), observed(2)], { subscriber: 'ada 2' }),
    );
  });
  test('over a reconnect', () => {
    violates(invariant, 'came again and got 3', (fixture) => fixture.stream([observed(3)], { about: null }));
  });
  test('beyond the version that was asked for', () => {
    violates(invariant, 'after version 4 and got 4', (fixture) =>
      fixture.stream([observed(4)], { afterVersion: 4 }),
    );
  });
  test('from what anybody saw to what is read', () => {
    violates(invariant, 'read at version 2 when 4 had been seen', (fixture) =>
      fixture.ok({ kind: 'read', id: AVATAR }, observed(2)),
    );
  });
  test('and a version names one state', () => {
    violates(invariant, 'two states at version 4', (fixture) =>
      fixture.ok({ kind: 'read', id: AVATAR }, observed(4, { errorCode: 'LOST' })),
    );
  });
});

describe('the last frame is the row', () => {
  const invariant = 'the last frame is the row';
  const another = { subscriber: 'ada 2' };
  test('so nobody is left with an older one', () => {
    violates(invariant, 'last saw .* TRAINING at 3', (fixture) => fixture.stream([observed(3)], another));
  });
  test('so nobody is left with nothing', () => {
    violates(invariant, 'was never told', (fixture) => fixture.stream([], { ...another, about: null }));
  });
  test('so a stream does not end before its avatar, and everybody comes again', () => {
    const closed = (how: 'complete' | 'lost') => (fixture: HistoryFixture) =>
      fixture.add({ kind: 'closed', stream: fixture.stream([observed(4)], another), how });
    violates(invariant, 'still there', closed('complete'));
    violates(invariant, 'did not come again', closed('lost'));
  });
  test('so a stream ends with its avatar', () => {
    violates(invariant, 'which is gone', (fixture) => fixture.stream([observed(1)], another), deleted());
  });
});

describe('tenants are apart', () => {
  const invariant = 'tenants are apart';
  test('so no frame names what is somebody else’s', () => {
    violates(invariant, `bob was shown ${AVATAR}`, (fixture) =>
      fixture.stream([observed(4)], { subscriber: 'bob 1', tenant: 'bob' }),
    );
  });
  test('so no answer does, be it a refusal', () => {
    violates(invariant, `bob was shown ${RUN}`, (fixture) => {
      const call = fixture.invoke({ kind: 'cancel', avatarId: AVATAR }, 'bob');
      fixture.add({ kind: 'fail', call, code: 'CONFLICT', ids: [RUN] });
    });
  });
  test('so nobody can do anything to it', () => {
    violates(invariant, 'bob could cancel', (fixture) =>
      fixture.ok({ kind: 'cancel', avatarId: AVATAR }, null, 'bob'),
    );
    expect(violationsOf((fixture) => fixture.ok({ kind: 'read', id: AVATAR }, null, 'bob'))).toEqual([]);
  });
});

describe('the ledger is right', () => {
  const invariant = 'the ledger is right';
  test('so it counts what fal was asked for', () => {
    violates(invariant, '1 units are in the jobs table, and fal took 4', (fixture) => {
      fixture.submit = { ...fixture.submit, units: 4 };
    });
  });
  test('so nothing counts as spent that fal never took', () => {
    violates(
      invariant,
      'counts as spent',
      (fixture) => (fixture.submit = { ...fixture.submit, requestId: null }),
    );
  });
  test('so nothing counts as refused that fal took', () => {
    violates(invariant, 'counts as refused', (fixture) => {
      fixture.job = { ...fixture.job, state: 'FAILED', errorCode: 'PROVIDER_UNAVAILABLE' };
    });
  });
  test('and what is unknown is listed', () => {
    const fixture = validHistory();
    fixture.job = { ...fixture.job, state: 'SUBMIT_UNKNOWN', requestId: null };
    expect(unknownsIn(fixture)).toEqual([{ job: fixture.job, tookIt: true }]);
    fixture.job = { ...fixture.job, state: 'FAILED', errorCode: 'PROVIDER_REJECTED' };
    expect(unknownsIn(fixture)).toEqual([]);
  });
});

describe('everything settles', () => {
  const invariant = 'everything settles';
  /** Fal took it, and nobody here heard of that. */
  function unheard(): HistoryFixture {
    const fixture = new HistoryFixture();
    const errorCode = 'SUBMIT_OUTCOME_UNKNOWN';
    fixture.ok({ kind: 'create' }, observed(1));
    fixture.job = { ...fixture.job, state: 'SUBMIT_UNKNOWN', requestId: null, errorCode };
    fixture.avatar = { ...observed(2, { requestId: null, errorCode }), owner: 'ada' };
    return fixture;
  }
  test('so no job and no run stays open', () => {
    violates(
      invariant,
      'is still RUNNING',
      (fixture) => (fixture.job = { ...fixture.job, state: 'RUNNING' }),
    );
    violates(
      invariant,
      'is still SUBMITTING',
      (fixture) => (fixture.job = { ...fixture.job, state: 'SUBMITTING' }),
    );
    violates(
      invariant,
      'still open at fal',
      (fixture) => (fixture.submit = { ...fixture.submit, end: null }),
    );
  });
  test('but a submit that nobody heard of may, as long as it says so', () => {
    expect(violationsOf(() => undefined, unheard())).toEqual([]);
    violates(
      invariant,
      'does not say so',
      (fixture) => (fixture.avatar = { ...observed(2, { requestId: null }), owner: 'ada' }),
      unheard(),
    );
  });
  test('and not when its webhook was taken', () => {
    violates(
      invariant,
      'although its webhook was taken',
      (fixture) => fixture.add({ kind: 'webhook', requestId: RUN, label: 'genuine', status: 200 }),
      unheard(),
    );
  });
  test('so everything is announced', () => {
    violates(invariant, '2 changes were never announced', (fixture) => (fixture.unpublished = 2));
  });
});

test('ids are found wherever they stand', () => {
  expect(idsIn(`{"id":"${AVATAR}","x":"run ${RUN}, not ${RUN}0, ${GENERATION}1"}`)).toEqual([AVATAR, RUN]);
});
