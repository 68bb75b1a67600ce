import { CountedChunks, TooLargeError } from '../../storage/counted-chunks.ts';
import { StorageFullError, StorageUnavailableError, type FileStorage } from '../../storage/file-storage.ts';
import { newCopyKey } from './file-keys.ts';
import { FILE_LEASE_MS, MAX_FILE_BACKOFF_MS } from '../timing.ts';
import { MINUTE_MS } from '../../values/units.ts';
import type { Log } from '../../log/log.ts';

export type FileKind = 'IMAGE' | 'ARTIFACT';

/** A file of a run: which one of the generation's images, or of the training's artifact. */
export type FileRef = {
  /** Of the generation, or of the training. */
  readonly sourceId: string;
  readonly position: number;
};

/** A file whose copy this instance makes, while the lease lasts. */
export type LeasedFile = FileRef & {
  readonly avatarId: string;
  readonly kind: FileKind;
  /** fal's address. */
  readonly url: string;
  /** Attempts that failed before. */
  readonly attempts: number;
  readonly leasedUntil: Date;
};

export type FileCopy = {
  /** In the storage. */
  readonly key: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
  readonly contentType: string;
};

export interface ResultFileStore {
  /** Gives the files of completed runs their rows, newest runs first, and resolves with the number of runs. */
  listFiles(limit: number): Promise<number>;
  /** Leases files that are due, at most so many of each kind. */
  claimDue(
    limits: Readonly<Record<FileKind, number>>,
    times: { readonly leaseMs: number; readonly furthestMs: number },
  ): Promise<readonly LeasedFile[]>;
  /** Records the copy. False: the lease is over, or the file is deleted. */
  markStored(leased: LeasedFile, copy: FileCopy): Promise<boolean>;
  /** Ends the lease. `retryInMs` null: there will be no copy. `isAttempt`: whether the attempt counts. */
  markFailed(
    leased: LeasedFile,
    failure: string | null,
    next: { readonly retryInMs: number | null; readonly isAttempt: boolean },
  ): Promise<void>;
}

/** What opening a file at fal gives: its bytes, or why there are none. */
export type OpenedFile =
  | { readonly kind: 'open'; readonly chunks: AsyncIterable<Uint8Array>; readonly close: () => void }
  /** `gone`: the file does not exist. `refused`: it must not be fetched, now or later. `unreachable`: perhaps later. */
  | { readonly kind: 'gone' | 'refused' | 'unreachable'; readonly message: string };

export interface FileSource {
  /** Never rejects. Reading the chunks rejects when the connection fails, is too slow, or the signal aborts. */
  open(url: string, limits: { readonly timeoutMs: number; readonly maxBytes: number }): Promise<OpenedFile>;
}

export type CopyFilesDeps = {
  readonly files: ResultFileStore;
  readonly resultFiles: Pick<FileStorage, 'put' | 'delete'>;
  readonly fileSource: FileSource;
  readonly log: Log;
  /** Logs, at intervals, that the storage is full or away. */
  readonly logStorageFault: (error: unknown) => void;
  readonly metrics: { fileCopied(outcome: 'stored' | 'retried' | 'failed'): void };
  /** Whether files are copied at all. */
  readonly keepsFiles: boolean;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
};

export type FileCopier = {
  /** Begins to copy every file that is due, without waiting for the copies. */
  sweep(stop: AbortSignal): Promise<void>;
  /**
   * Begins to copy the file that `claim` leases, if another copy may begin. Null: none was begun. `ended` never rejects.
   */
  copy(
    kind: FileKind,
    claim: () => Promise<LeasedFile | null>,
  ): Promise<{ readonly ended: Promise<void> } | null>;
  /** The copy of a file that this instance makes at present. */
  underWay(ref: FileRef): Promise<void> | null;
  /** Resolves when every copy has ended. */
  settled(): Promise<void>;
};

/** The largest file, and the longest time to copy it. */
const FILE_LIMITS = {
  IMAGE: { maxBytes: 50_000_000, timeoutMs: MINUTE_MS },
  ARTIFACT: { maxBytes: 2_000_000_000, timeoutMs: 15 * MINUTE_MS },
} as const satisfies Record<FileKind, object>;

/** Large files do not keep images waiting. */
const MAX_CONCURRENT = { IMAGE: 6, ARTIFACT: 2 } as const satisfies Record<FileKind, number>;
/** Runs listed at a time, when there is nothing else to do: a new run does not wait for all earlier ones. */
const RUNS_AT_ONCE = 20;
/** A file may be unknown for a moment after its run. */
const ATTEMPTS_BEFORE_GONE = 4;
/** With the longest pauses about two days. */
const MAX_ATTEMPTS = 60;
const STORAGE_RETRY_MS = MINUTE_MS;
const FIRST_RETRY_MS = 1000;

/** Copies the files of completed runs into our own storage, each once, whatever instance ends or dies in between. */
export function createFileCopier(deps: CopyFilesDeps): FileCopier {
  const { files, log, keepsFiles } = deps;
  /** Places of copies, each taken before its file is claimed: claims at once would all find the last place free. */
  const taken = { IMAGE: 0, ARTIFACT: 0 };
  const copies = new Map<string, Promise<void>>();

  function begin(leased: LeasedFile): Promise<void> {
    const key = keyOf(leased);
    const { sourceId, position } = leased;
    taken[leased.kind] += 1;
    const copying = copyFile(deps, leased)
      // The file is due again when its lease ends.
      .catch((error: unknown) => log.error({ err: error, sourceId, position }, 'file copy not recorded'))
      .finally(() => {
        taken[leased.kind] -= 1;
        copies.delete(key);
      });
    copies.set(key, copying);
    return copying;
  }

  return {
    async copy(kind, claim) {
      if (!keepsFiles || taken[kind] >= MAX_CONCURRENT[kind]) return null;
      taken[kind] += 1;
      try {
        const leased = await claim();
        return leased && { ended: begin(leased) };
      } finally {
        taken[kind] -= 1;
      }
    },
    underWay: (ref) => copies.get(keyOf(ref)) ?? null,
    async sweep(stop) {
      if (!keepsFiles) return;
      while (!stop.aborted) {
        const free = {
          IMAGE: MAX_CONCURRENT.IMAGE - taken.IMAGE,
          ARTIFACT: MAX_CONCURRENT.ARTIFACT - taken.ARTIFACT,
        };
        const times = { leaseMs: FILE_LEASE_MS, furthestMs: 2 * MAX_FILE_BACKOFF_MS };
        taken.IMAGE += free.IMAGE;
        taken.ARTIFACT += free.ARTIFACT;
        let due: readonly LeasedFile[] = [];
        try {
          due = await files.claimDue(free, times);
          for (const leased of due) void begin(leased);
        } finally {
          taken.IMAGE -= free.IMAGE;
          taken.ARTIFACT -= free.ARTIFACT;
        }
        const isIdle = due.filter(({ kind }) => kind === 'IMAGE').length < free.IMAGE;
        const listed = isIdle ? await files.listFiles(RUNS_AT_ONCE) : 0;
        if (listed > 0) continue;
        if (due.length === 0 || isIdle) return;
        await Promise.race(copies.values());
      }
    },
    async settled() {
      await Promise.all(copies.values());
    },
  };
}

function keyOf({ sourceId, position }: FileRef): string {
  return `${sourceId} ${position}`;
}

type Fault = 'gone' | 'refused' | 'unreachable' | 'storage-unavailable' | 'closing';
type Failed = { readonly fault: Fault; readonly message: string | null };

async function copyFile(deps: CopyFilesDeps, leased: LeasedFile): Promise<void> {
  const outcome = await attempt(deps, leased);
  if ('fault' in outcome) await recordFailure(deps, leased, outcome);
  else if (await deps.files.markStored(leased, outcome)) deps.metrics.fileCopied('stored');
  // Deleted in the meantime. A crash before this leaves a file without a row, which the sweep removes.
  else await deps.resultFiles.delete(outcome.key);
}

async function attempt(deps: CopyFilesDeps, leased: LeasedFile): Promise<FileCopy | Failed> {
  const limits = FILE_LIMITS[leased.kind];
  const opened = await deps.fileSource.open(leased.url, limits);
  if (opened.kind !== 'open') return { fault: opened.kind, message: opened.message };
  const key = newCopyKey(leased.avatarId, leased.sourceId, leased.position);
  const read = new CountedChunks(opened.chunks, limits.maxBytes);
  try {
    await deps.resultFiles.put(key, read);
    return { key, ...read.summary() };
  } catch (error) {
    if (deps.closing.aborted) return { fault: 'closing', message: null };
    const message = error instanceof Error ? error.message : String(error);
    if (error instanceof TooLargeError) return { fault: 'refused', message };
    const isOurs = error instanceof StorageFullError || error instanceof StorageUnavailableError;
    if (!isOurs) return { fault: 'unreachable', message };
    deps.logStorageFault(error);
    return { fault: 'storage-unavailable', message: 'The storage is full or unavailable.' };
  } finally {
    opened.close();
  }
}

async function recordFailure(
  { files, log, metrics, closing }: CopyFilesDeps,
  leased: LeasedFile,
  { message, ...failed }: Failed,
): Promise<void> {
  const fault = closing.aborted ? 'closing' : failed.fault;
  const attempts = leased.attempts + 1;
  const retryInMs = retryAfter(fault, attempts);
  const isAttempt = fault !== 'storage-unavailable' && fault !== 'closing';
  await files.markFailed(leased, message, { retryInMs, isAttempt });
  if (!isAttempt) return;
  metrics.fileCopied(retryInMs === null ? 'failed' : 'retried');
  const { sourceId, position } = leased;
  const about = { sourceId, position, attempts, failure: message };
  if (retryInMs === null) log.warn(about, 'file copy failed; giving up');
  else log.debug(about, 'file copy failed; retrying later');
}

/** Milliseconds until the next attempt; null: there is none. */
function retryAfter(fault: Fault, attempts: number): number | null {
  if (fault === 'closing') return 0;
  if (fault === 'storage-unavailable') return STORAGE_RETRY_MS;
  if (fault === 'refused' || attempts >= (fault === 'gone' ? ATTEMPTS_BEFORE_GONE : MAX_ATTEMPTS))
    return null;
  return Math.min(FIRST_RETRY_MS * 2 ** (attempts - 1), MAX_FILE_BACKOFF_MS);
}
