import { describe, expect, test } from 'vitest';
import { AVATAR, flawless, GENERATION, Handmade, OTHER_RUN, RUN, seen } from './handmade.ts';
import { check, type RULES } from './check.ts';
import { idsIn } from './history.ts';
import { unknownsIn } from './rules/spend.ts';

type RuleName = keyof typeof RULES;

/** What the checker says of a flawless history after a change. */
function verdictOn(change: (made: Handmade) => unknown, from = flawless()): string[] {
  change(from);
  return check(from).map(({ rule, text }) => `${rule}: ${text}`);
}

function refuses(rule: RuleName, words: string, change: (made: Handmade) => unknown, from?: Handmade): void {
  expect(verdictOn(change, from)).toContainEqual(
    expect.stringMatching(new RegExp(`^${rule}: .*${words}`)) as string,
  );
}

/** Ada's avatar, made and deleted. */
function deleted(): Handmade {
  const made = new Handmade().withoutTraining();
  made.ok({ kind: 'create' }, seen(1));
  made.avatar = null;
  made.ok({ kind: 'delete', avatarId: AVATAR });
  return made;
}

test('a flawless history has no violations', () => {
  expect(verdictOn(() => undefined)).toEqual([]);
  expect(verdictOn(() => undefined, deleted())).toEqual([]);
});

describe('what was acknowledged is kept', () => {
  const rule = 'what was acknowledged is kept';
  test('so an avatar that was created must be there', () => {
    refuses(rule, 'was created and is gone', (made) => (made.avatar = null));
  });
  test('unless its owner deleted it, or may have', () => {
    const made = new Handmade().withoutTraining();
    made.ok({ kind: 'create' }, seen(1));
    made.add({ kind: 'info', call: made.invoke({ kind: 'delete', avatarId: AVATAR }), why: 'cut' });
    expect(verdictOn(() => undefined, made)).toEqual([]);
    made.avatar = null;
    expect(verdictOn(() => undefined, made)).toEqual([]);
  });
  test('so a read of it may not come back empty', () => {
    refuses(rule, 'a read did not find it', (made) => made.ok({ kind: 'read', id: AVATAR }, null));
  });
  test('so what was deleted may not be there or be read again', () => {
    refuses(rule, 'is there again', (made) => (made.avatar = { ...seen(1), owner: 'ada' }), deleted());
    refuses(rule, 'read again', (made) => made.ok({ kind: 'read', id: AVATAR }, seen(1)), deleted());
  });
  test('so a training and a generation have their jobs, and the generation its row', () => {
    refuses(rule, 'no job of it', (made) => made.ok({ kind: 'train', avatarId: AVATAR, key: 'k2' }, seen(4)));
    const asked = { kind: 'generate', avatarId: AVATAR, key: 'k1' } as const;
    refuses(rule, `${GENERATION} was acknowledged and is gone`, (made) =>
      made.ok(asked, seen(1, { id: GENERATION })),
    );
  });
});

describe('a job is submitted once', () => {
  const rule = 'a job is submitted once';
  test('so fal gets one submit for it', () => {
    refuses(rule, 'was submitted 2 times', (made) => made.morePosts.push({ ...made.post, requestId: null }));
  });
  test('so fal takes one run for a key, whatever jobs were made for it', () => {
    refuses(rule, 'took 2 runs for the key k1', (made) => {
      made.moreJobs.push({ ...made.job, id: 'job_2', token: 'token-2', requestId: OTHER_RUN });
      made.morePosts.push({ ...made.post, token: 'token-2', requestId: OTHER_RUN });
    });
  });
  test('so fal gets none that no job tells of', () => {
    refuses(rule, 'no job tells of', (made) => made.morePosts.push({ ...made.post, token: 'token-9' }));
  });
  test('so a key is never answered with two things', () => {
    refuses(rule, 'was answered with', (made) => {
      made.ok({ kind: 'generate', avatarId: AVATAR, key: 'k1' }, seen(1, { id: GENERATION }));
    });
  });
});

describe('a run has one end, the one fal decided', () => {
  const rule = 'a run has one end, the one fal decided';
  test.each([
    ['failed', 'its run failed at fal'],
    ['cancelled', 'fal stopped its run'],
    [null, 'has not ended at fal'],
  ] as const)('so COMPLETED does not go with %s', (end, words) => {
    refuses(rule, words, (made) => (made.post = { ...made.post, end }));
  });
  test('so CANCELLED does not go with a success, unless nobody knew the run when it was cancelled', () => {
    const cancelled = (made: Handmade) => {
      made.job = { ...made.job, state: 'CANCELLED', cancelRequested: true };
    };
    refuses(rule, 'CANCELLED, and its run succeeded', cancelled);
    const verdict = verdictOn((made) => {
      cancelled(made);
      made.job = { ...made.job, settledUnbound: true };
    });
    expect(verdict.filter((text) => text.includes('succeeded at fal'))).toEqual([]);
  });
  test('so a failure that only a webhook claimed is taken back, once', () => {
    const contradicted = (made: Handmade) => (made.post = { ...made.post, isContradicted: true });
    const failed = flawless();
    contradicted(failed);
    refuses(
      rule,
      'FAILED, and its run succeeded',
      (made) => {
        made.job = { ...made.job, state: 'FAILED' };
        made.avatar = { ...seen(4, { status: 'FAILED' }), owner: 'ada' };
      },
      failed,
    );
    const corrected = new Handmade();
    contradicted(corrected);
    corrected.avatar = { ...seen(5), owner: 'ada' };
    corrected.stream([seen(4, { status: 'FAILED' }), seen(5)]);
    expect(verdictOn(() => undefined, corrected)).toEqual([]);
    refuses(rule, 'was FAILED with run .* COMPLETED', (made) =>
      made.stream([seen(4, { status: 'FAILED' }), seen(5)]),
    );
  });
  test('so what fal never took has not ended by itself', () => {
    refuses(rule, 'fal never took it', (made) => (made.post = { ...made.post, requestId: null }));
  });
  test('so nobody sees a second end, or a way back from an end', () => {
    const late = (status: string) => (made: Handmade) =>
      made.stream([seen(4), seen(5, { status })], { subscriber: 'ada 2' });
    refuses(rule, 'was COMPLETED with run .* FAILED', late('FAILED'));
    refuses(rule, 'was COMPLETED with run .* TRAINING', late('TRAINING'));
  });
  test('so the avatar shows how its job stands', () => {
    refuses(rule, 'shows FAILED, and its job is COMPLETED', (made) => {
      made.avatar = { ...seen(4, { status: 'FAILED' }), owner: 'ada' };
    });
  });
  test('so a job is not bound to a run that fal started for another', () => {
    refuses(rule, 'started for somebody else', (made) => {
      made.job = { ...made.job, requestId: OTHER_RUN };
      made.morePosts.push({ ...made.post, token: 'token-2', requestId: OTHER_RUN });
    });
  });
});

describe('versions only grow', () => {
  const rule = 'versions only grow';
  test('within a stream', () => {
    refuses(rule, 'after 3 on the same stream', (made) =>
      made.stream([seen(3), seen(2)], { subscriber: 'ada 2' }),
    );
  });
  test('over a reconnect', () => {
    refuses(rule, 'came again and got 3', (made) => made.stream([seen(3)], { about: null }));
  });
  test('beyond the version that was asked for', () => {
    refuses(rule, 'after version 4 and got 4', (made) => made.stream([seen(4)], { afterVersion: 4 }));
  });
  test('from what anybody saw to what is read', () => {
    refuses(rule, 'read at version 2 when 4 had been seen', (made) =>
      made.ok({ kind: 'read', id: AVATAR }, seen(2)),
    );
  });
  test('and a version names one state', () => {
    refuses(rule, 'two states at version 4', (made) =>
      made.ok({ kind: 'read', id: AVATAR }, seen(4, { errorCode: 'LOST' })),
    );
  });
});

describe('the last frame is the row', () => {
  const rule = 'the last frame is the row';
  const another = { subscriber: 'ada 2' };
  test('so nobody is left with an older one', () => {
    refuses(rule, 'last saw .* TRAINING at 3', (made) => made.stream([seen(3)], another));
  });
  test('so nobody is left with nothing', () => {
    refuses(rule, 'was never told', (made) => made.stream([], { ...another, about: null }));
  });
  test('so a stream does not end before its avatar, and everybody comes again', () => {
    const closed = (how: 'complete' | 'lost') => (made: Handmade) =>
      made.add({ kind: 'closed', stream: made.stream([seen(4)], another), how });
    refuses(rule, 'still there', closed('complete'));
    refuses(rule, 'did not come again', closed('lost'));
  });
  test('so a stream ends with its avatar', () => {
    refuses(rule, 'which is gone', (made) => made.stream([seen(1)], another), deleted());
  });
});

describe('tenants are apart', () => {
  const rule = 'tenants are apart';
  test('so no frame names what is somebody else’s', () => {
    refuses(rule, `bob was shown ${AVATAR}`, (made) =>
      made.stream([seen(4)], { subscriber: 'bob 1', tenant: 'bob' }),
    );
  });
  test('so no answer does, be it a refusal', () => {
    refuses(rule, `bob was shown ${RUN}`, (made) => {
      const call = made.invoke({ kind: 'cancel', avatarId: AVATAR }, 'bob');
      made.add({ kind: 'fail', call, code: 'CONFLICT', ids: [RUN] });
    });
  });
  test('so nobody can do anything to it', () => {
    refuses(rule, 'bob could cancel', (made) => made.ok({ kind: 'cancel', avatarId: AVATAR }, null, 'bob'));
    expect(verdictOn((made) => made.ok({ kind: 'read', id: AVATAR }, null, 'bob'))).toEqual([]);
  });
});

describe('the ledger is right', () => {
  const rule = 'the ledger is right';
  test('so it counts what fal was asked for', () => {
    refuses(rule, '1 units are in the jobs table, and fal took 4', (made) => {
      made.post = { ...made.post, units: 4 };
    });
  });
  test('so nothing counts as spent that fal never took', () => {
    refuses(rule, 'counts as spent', (made) => (made.post = { ...made.post, requestId: null }));
  });
  test('so nothing counts as refused that fal took', () => {
    refuses(rule, 'counts as refused', (made) => {
      made.job = { ...made.job, state: 'FAILED', errorCode: 'PROVIDER_UNAVAILABLE' };
    });
  });
  test('and what is unknown is listed', () => {
    const made = flawless();
    made.job = { ...made.job, state: 'SUBMIT_UNKNOWN', requestId: null };
    expect(unknownsIn(made)).toEqual([{ job: made.job, tookIt: true }]);
    made.job = { ...made.job, state: 'FAILED', errorCode: 'PROVIDER_REJECTED' };
    expect(unknownsIn(made)).toEqual([]);
  });
});

describe('everything settles', () => {
  const rule = 'everything settles';
  /** Fal took it, and nobody here heard of that. */
  function unheard(): Handmade {
    const made = new Handmade();
    const errorCode = 'SUBMIT_OUTCOME_UNKNOWN';
    made.ok({ kind: 'create' }, seen(1));
    made.job = { ...made.job, state: 'SUBMIT_UNKNOWN', requestId: null, errorCode };
    made.avatar = { ...seen(2, { requestId: null, errorCode }), owner: 'ada' };
    return made;
  }
  test('so no job and no run stays open', () => {
    refuses(rule, 'is still RUNNING', (made) => (made.job = { ...made.job, state: 'RUNNING' }));
    refuses(rule, 'is still SUBMITTING', (made) => (made.job = { ...made.job, state: 'SUBMITTING' }));
    refuses(rule, 'still open at fal', (made) => (made.post = { ...made.post, end: null }));
  });
  test('but a submit that nobody heard of may, as long as it says so', () => {
    expect(verdictOn(() => undefined, unheard())).toEqual([]);
    refuses(
      rule,
      'does not say so',
      (made) => (made.avatar = { ...seen(2, { requestId: null }), owner: 'ada' }),
      unheard(),
    );
  });
  test('and not when its webhook was taken', () => {
    refuses(
      rule,
      'although its webhook was taken',
      (made) => made.add({ kind: 'webhook', requestId: RUN, label: 'genuine', status: 200 }),
      unheard(),
    );
  });
  test('so everything is announced', () => {
    refuses(rule, '2 changes were never announced', (made) => (made.unannounced = 2));
  });
});

test('ids are found wherever they stand', () => {
  expect(idsIn(`{"id":"${AVATAR}","x":"run ${RUN}, not ${RUN}0, ${GENERATION}1"}`)).toEqual([AVATAR, RUN]);
});
