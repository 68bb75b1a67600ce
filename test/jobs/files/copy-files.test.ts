import { expect, test } from 'vitest';
import { createFileCopier, type CopyFilesDeps, type LeasedFile } from '../../../src/jobs/files/copy-files.ts';
import { memoryLog } from '../../support/memory-log.ts';
import { StorageFullError, StorageUnavailableError } from '../../../src/storage/file-storage.ts';

const LEASED: LeasedFile = {
  sourceId: 'gen_1',
  position: 0,
  avatarId: 'avt_1',
  kind: 'IMAGE',
  url: 'https://files.example/1.png',
  attempts: 3,
  leasedUntil: new Date(),
};

type Ended = Parameters<CopyFilesDeps['files']['markFailed']>;

const opened = () => ({
  kind: 'open' as const,
  chunks: (async function* () {
    yield new Uint8Array(1);
  })(),
  close: () => undefined,
});

function copierWith(deps: Pick<CopyFilesDeps, 'files' | 'resultFiles'> & Partial<CopyFilesDeps>) {
  return createFileCopier({
    fileSource: { open: async () => opened() },
    log: memoryLog(),
    logStorageFault: () => undefined,
    metrics: { fileCopied: () => undefined },
    keepsFiles: true,
    closing: new AbortController().signal,
    ...deps,
  });
}

/** Tries to copy a file, with what was recorded of the attempt. */
async function attemptWith(deps: Partial<CopyFilesDeps>, leased = LEASED) {
  const ended: Ended[] = [];
  const counted: string[] = [];
  const copier = copierWith({
    files: {
      markFailed: async (...end: Ended) => void ended.push(end),
    } as unknown as CopyFilesDeps['files'],
    resultFiles: { put: async () => undefined, delete: async () => undefined },
    metrics: { fileCopied: (outcome) => void counted.push(outcome) },
    ...deps,
  });
  await (
    await copier.copy('IMAGE', async () => leased)
  )?.ended;
  const [, failure, next] = ended[0] ?? [];
  return { failure, next, counted };
}

const brokenStorage = (error: Error): CopyFilesDeps['resultFiles'] => ({
  put: () => Promise.reject(error),
  delete: async () => undefined,
});

test('requests and the sweep at once copy no more than 6 images, and a claim in vain keeps no place', async () => {
  const claimed: number[] = [];
  const stored: (() => void)[] = [];
  const copier = copierWith({
    files: {
      claimDue: async ({ IMAGE }: { readonly IMAGE: number }) => {
        claimed.push(IMAGE);
        await new Promise(setImmediate);
        return [];
      },
      listFiles: async () => 0,
      markStored: async () => true,
    } as unknown as CopyFilesDeps['files'],
    resultFiles: {
      put: () => new Promise<void>((resolve) => stored.push(resolve)),
      delete: async () => undefined,
    },
  });
  const request = (position: number) =>
    copier.copy('IMAGE', async () => {
      await new Promise(setImmediate);
      return position < 4 ? null : { ...LEASED, position };
    });
  const requests = (from: number) =>
    Promise.all(Array.from({ length: 20 }, (_, index) => request(from + index)));
  const begun = async (from: number) => (await requests(from)).filter((copy) => copy !== null).length;

  // Four of the six places go to claims in vain.
  expect(await begun(0)).toBe(2);
  expect(await begun(10)).toBe(4);
  expect(await begun(40)).toBe(0);
  await copier.sweep(new AbortController().signal);
  expect(claimed).toEqual([0]);

  await expect.poll(() => stored).toHaveLength(6);
  stored[0]?.();
  await expect.poll(() => begun(80)).toBe(1);
  await expect.poll(() => stored).toHaveLength(7);
  for (const end of stored) end();
  await copier.settled();
  const [, begunMeanwhile] = await Promise.all([copier.sweep(new AbortController().signal), begun(120)]);
  expect(claimed).toEqual([0, 6]);
  expect(begunMeanwhile).toBe(0);
});

test.each([new StorageFullError('full'), new StorageUnavailableError('away')])(
  'while the storage answers with %s, a copy is tried again every minute and no attempt counts',
  async (error) => {
    const reported: unknown[] = [];
    const { next, counted } = await attemptWith({
      resultFiles: brokenStorage(error),
      logStorageFault: (problem) => void reported.push(problem),
    });
    expect(next).toEqual({ retryInMs: 60_000, isAttempt: false });
    expect(reported).toEqual([error]);
    expect(counted).toEqual([]);
  },
);

test('a file that turns out to be too large is broken off, and not tried again', async () => {
  const [bytes, large] = [new Uint8Array(1), new Uint8Array(50_000_000)];
  let stored = 0;
  let isClosed = false;
  const { failure, next } = await attemptWith({
    resultFiles: {
      async put(_key, content) {
        for await (const chunk of content) stored += chunk.byteLength;
      },
      delete: async () => undefined,
    },
    fileSource: {
      open: async () => ({
        kind: 'open',
        chunks: (async function* () {
          yield bytes;
          for (;;) yield large;
        })(),
        close: () => void (isClosed = true),
      }),
    },
  });
  expect([stored, isClosed]).toEqual([1, true]);
  expect(failure).toBe('The file is larger than 50000000 bytes.');
  expect(next).toEqual({ retryInMs: null, isAttempt: true });
});

test('after the fourth attempt a file that fal does not have is given up', async () => {
  const fileSource = { open: async () => ({ kind: 'gone' as const, message: 'HTTP 404' }) };
  const nextAfter = async (attempts: number) =>
    (await attemptWith({ fileSource }, { ...LEASED, attempts })).next?.retryInMs;
  expect([await nextAfter(2), await nextAfter(3)]).toEqual([4000, null]);
});

test('after any other fault the pauses double, and the attempt counts', async () => {
  const { next, counted } = await attemptWith({ resultFiles: brokenStorage(new Error('broken off')) });
  expect(next).toEqual({ retryInMs: 8000, isAttempt: true });
  expect(counted).toEqual(['retried']);
});
