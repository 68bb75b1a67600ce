import { expect, test } from 'vitest';
import { recordPauses } from '../../support/recorded-pauses.ts';
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
  const pauses = recordPauses();
  const closed = new AbortController();
  let reads = 0;
  const find = async () => {
    reads += 1;
    if (reads === 4) closed.abort();
    return COPIED_ELSEWHERE;
  };
  const deps = {
    files: { find },
    copier: { copy: () => Promise.resolve(null), underWay: () => null },
  } as unknown as OpenFileDeps;
  const found = await findFile(deps, { sourceId: 'gen_1', position: 0 });
  expect(await found?.open(closed.signal)).toEqual({ kind: 'not-yet', retryInMs: 250 });
  expect(pauses).toEqual([250, 500, 1000]);
});
