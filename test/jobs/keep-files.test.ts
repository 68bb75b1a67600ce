import { expect, test } from 'vitest';
import { createFileKeeper, type KeepFilesDeps, type LeasedFile } from '../../src/jobs/files/keep-files.ts';
import { memoryLog } from '../support/memory-log.ts';
import { StorageFullError, StorageUnavailableError } from '../../src/storage/file-storage.ts';

const LEASED: LeasedFile = {
  sourceId: 'gen_1',
  position: 0,
  avatarId: 'avt_1',
  kind: 'IMAGE',
  url: 'https://files.example/1.png',
  attempts: 3,
  leasedUntil: new Date(),
};

type Ended = Parameters<KeepFilesDeps['files']['markFailed']>;

/** Copies a file whose storage fails with this error. */
async function copyWith(error: Error) {
  const ended: Ended[] = [];
  const reported: unknown[] = [];
  const counted: string[] = [];
  const keeper = createFileKeeper({
    files: {
      markFailed: async (...end: Ended) => void ended.push(end),
    } as unknown as KeepFilesDeps['files'],
    resultFiles: { put: () => Promise.reject(error), delete: async () => undefined },
    fileSource: {
      open: async () => ({
        kind: 'open',
        chunks: (async function* () {
          yield new Uint8Array(1);
        })(),
        close: () => undefined,
      }),
    },
    log: memoryLog(),
    logNoRoom: (problem) => void reported.push(problem),
    metrics: { fileCopied: (outcome) => void counted.push(outcome) },
    keepsFiles: true,
    closing: new AbortController().signal,
  });
  await keeper.copy(LEASED);
  return { next: ended[0]?.[2], reported, counted };
}

test.each([new StorageFullError('full'), new StorageUnavailableError('away')])(
  'while the storage answers with %s, a copy is tried again every minute and no attempt counts',
  async (error) => {
    const { next, reported, counted } = await copyWith(error);
    expect(next).toEqual({ retryInMs: 60_000, isAttempt: false });
    expect(reported).toEqual([error]);
    expect(counted).toEqual([]);
  },
);

test('after any other fault the pauses double, and the attempt counts', async () => {
  const { next, counted } = await copyWith(new Error('broken off'));
  expect(next).toEqual({ retryInMs: 8000, isAttempt: true });
  expect(counted).toEqual(['retried']);
});
