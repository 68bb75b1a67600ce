import { setTimeout as pause } from 'node:timers/promises';
import { FILE_LEASE_MS } from '../timing.ts';
import { MINUTE_MS } from '../../values/units.ts';
import type { FileCopy, FileCopier, FileKind, FileRef, LeasedFile } from './copy-files.ts';
import type { FilePart, FileStorage } from '../../storage/file-storage.ts';

export type FoundFile = { readonly [K in keyof FileCopy]: FileCopy[K] | null } & {
  readonly state: 'PENDING' | 'STORED' | 'FAILED';
  readonly kind: FileKind;
  readonly ownerId: string;
  /** fal's address. */
  readonly url: string;
  /** Why the latest attempt to copy it failed. */
  readonly failure: string | null;
  /** Whether a copy is under way, of any instance. */
  readonly isLeased: boolean;
  readonly nextAttemptInMs: number | null;
};

export interface ServedFileStore {
  /** Null when the file has no row: its run is deleted, or not listed yet. */
  find(ref: FileRef): Promise<FoundFile | null>;
  /** Gives the files of one run their rows, if the run is completed. */
  listFilesOf(sourceId: string): Promise<void>;
  /** Leases a file that is due; null when it is not. */
  claim(ref: FileRef, leaseMs: number): Promise<LeasedFile | null>;
  /** The copy is no longer in the storage: plans another one. */
  markLost(ref: FileRef, key: string): Promise<void>;
}

/** A file that this server serves: of a run, or an accepted photo. */
export type ServedRef = FileRef | { readonly photoId: string };

export type OpenFileDeps = {
  readonly files: ServedFileStore;
  readonly resultFiles: Pick<FileStorage, 'read' | 'size'>;
  readonly photoStore: {
    /** Null when the photo is not accepted, or is deleted. */
    findStored(photoId: string): Promise<{ readonly ownerId: string; readonly key: string } | null>;
  };
  readonly photoFiles: Pick<FileStorage, 'read' | 'size'>;
  readonly copier: Pick<FileCopier, 'copy' | 'underWay'>;
};

/** A file that can be read. */
export type ReadableFile = Pick<FileCopy, 'size' | 'contentType'> & {
  /** Another one for other bytes. */
  readonly etag: string;
  /** fal's address of a file of an artifact; null for an image or a photo. */
  readonly artifactUrl: string | null;
  /** The content, or a part of it; null when it is deleted by then. */
  read(part?: FilePart): Promise<AsyncIterable<Uint8Array> | null>;
};

type FileLookup =
  | { readonly kind: 'stored'; readonly file: ReadableFile }
  /** There is no such file, or it is deleted. */
  | { readonly kind: 'unknown' }
  /** fal no longer has it, or it must not be fetched. */
  | { readonly kind: 'gone'; readonly failure: string | null }
  /** Not copied in time. */
  | { readonly kind: 'not-yet'; readonly retryInMs: number };

/** How long a request waits for the copy of its file. */
const WAIT_MS = MINUTE_MS;
/** Between two reads of the row of a copy that another instance makes, or that waits for room; doubled each time. */
const FIRST_READ_DELAY_MS = 250;
const MAX_READ_DELAY_MS = 2000;

/** A file, and its owner. */
type ServedFile = {
  readonly ownerId: string;
  /** @param signal aborted when nobody waits any more */
  open(signal: AbortSignal): Promise<FileLookup>;
};

/** Null: there is no such file, or it is deleted. */
export async function findFile(deps: OpenFileDeps, ref: ServedRef): Promise<ServedFile | null> {
  if ('photoId' in ref) return findPhoto(deps, ref.photoId);
  const found = (await deps.files.find(ref)) ?? (await findListed(deps, ref));
  return found && { ownerId: found.ownerId, open: (signal) => waitForCopy(deps, ref, found, signal) };
}

async function findListed({ files }: OpenFileDeps, ref: FileRef): Promise<FoundFile | null> {
  await files.listFilesOf(ref.sourceId);
  return files.find(ref);
}

async function findPhoto({ photoStore, photoFiles }: OpenFileDeps, id: string): Promise<ServedFile | null> {
  const found = await photoStore.findStored(id);
  if (found === null) return null;
  const { ownerId, key } = found;
  return {
    ownerId,
    async open() {
      const size = await photoFiles.size(key);
      if (size === null) return { kind: 'unknown' };
      const read = (part?: FilePart) => photoFiles.read(key, part);
      // The file of a photo never changes.
      return { kind: 'stored', file: { size, contentType: 'image/jpeg', etag: id, artifactUrl: null, read } };
    },
  };
}

/**
 * Waits for the copy of a file. One that is not copied yet is copied now, once for all who ask for it.
 *
 * @param first as it was found
 */
async function waitForCopy(
  deps: OpenFileDeps,
  ref: FileRef,
  first: FoundFile,
  signal: AbortSignal,
): Promise<FileLookup> {
  const { files, copier } = deps;
  const until = performance.now() + WAIT_MS;
  let found: FoundFile | null = first;
  let readDelayMs = FIRST_READ_DELAY_MS;
  while (found !== null) {
    const { state, failure, isLeased, nextAttemptInMs } = found;
    if (state === 'FAILED') return { kind: 'gone', failure };
    const copy = state === 'STORED' ? storedCopy(found) : null;
    if (copy !== null) {
      if ((await deps.resultFiles.size(copy.key)) === copy.size) {
        const { key, size, contentType, sha256: etag } = copy;
        const artifactUrl = found.kind === 'ARTIFACT' ? found.url : null;
        const read = (part?: FilePart) => deps.resultFiles.read(key, part);
        return { kind: 'stored', file: { size, contentType, etag, artifactUrl, read } };
      }
      await files.markLost(ref, copy.key);
    } else {
      const retryInMs = nextAttemptInMs ?? 0;
      if (signal.aborted || performance.now() > until)
        return { kind: 'not-yet', retryInMs: FIRST_READ_DELAY_MS };
      if (!isLeased && retryInMs > 0) return { kind: 'not-yet', retryInMs };
      const claim = () => files.claim(ref, FILE_LEASE_MS);
      const begun = retryInMs > 0 ? null : await copier.copy(found.kind, claim);
      const copying = begun?.ended ?? copier.underWay(ref);
      const leftMs = Math.max(until - performance.now(), 0);
      await waitFor(copying, copying === null ? readDelayMs : leftMs, signal);
      readDelayMs = Math.min(2 * readDelayMs, MAX_READ_DELAY_MS);
    }
    found = await files.find(ref);
  }
  return { kind: 'unknown' };
}

function storedCopy({ key, size, sha256, contentType }: FoundFile): FileCopy | null {
  if (key === null || size === null || sha256 === null || contentType === null) return null;
  return { key, size, sha256, contentType };
}

/** Until the copy has ended, the time is over, or nobody waits any more. */
async function waitFor(copying: Promise<void> | null, waitMs: number, signal: AbortSignal): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  await Promise.race([
    ...(copying === null ? [] : [copying]),
    pause(waitMs, undefined, { signal: either }).catch(() => undefined),
  ]);
  stop.abort();
}
