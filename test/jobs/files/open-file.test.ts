import { expect, test } from 'vitest';
import { findFile, type FoundFile, type OpenFileDeps } from '../../../src/jobs/files/open-file.ts';

const COPIED_ELSEWHERE: FoundFile = {
  state: 'PENDING',
  kind: 'IMAGE',
  ownerId: 'ada',
  url: 'https://files.example/1.png',
  failure: null,
  isLeased: true,
  nextAttemptInMs: 60_000,
  key: null,
  size: null,
  sha256: null,
  contentType: null,
};

test('the row of a copy that another instance makes is read less and less often', async () => {
  const closed = new AbortController();
  const reads: number[] = [];
  const find = async () => {
    reads.push(performance.now());
    if (reads.length === 4) closed.abort();
    return COPIED_ELSEWHERE;
  };
  const deps = {
    files: { find },
    copier: { copy: () => Promise.resolve(null), underWay: () => null },
  } as unknown as OpenFileDeps;
  const found = await findFile(deps, { sourceId: 'gen_1', position: 0 });
  expect(await found?.open(closed.signal)).toEqual({ kind: 'not-yet', retryInMs: 250 });
  const pauses = reads.slice(1).map((at, index) => at - (reads[index] ?? 0));
  // A timer may be early by a part of a millisecond.
  expect(pauses.map((ms, index) => ms > 250 * 2 ** index - 2)).toEqual([true, true, true]);
});
