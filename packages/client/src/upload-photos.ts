import { LikenessError, type LikenessErrorCode } from './errors.ts';
import {
  CreatePhotoUploadsDocument,
  PhotoSetOfDocument,
  type CreatePhotoUploadsInput,
  type CreatePhotoUploadsMutation,
  type PhotoRefusalCode,
  type PhotoWarningCode,
} from './generated/operations.ts';
import type { Fetch } from './http.ts';
import type { Operations } from './operations.ts';
import { backoff, pause, type Timing } from './timing.ts';

/** A file of a page's file input, or a File in Node. */
export type PhotoFile = Blob & { readonly name: string };

export type UploadedPhoto = {
  readonly name: string;
  readonly photoId: string;
  /** FAILED: the file did not arrive, so it was not checked. */
  readonly state: 'ACCEPTED' | 'REFUSED' | 'FAILED';
  /** Why it was refused or failed; null if it was accepted. */
  readonly code: PhotoRefusalCode | LikenessErrorCode | null;
  readonly message: string | null;
  /** Weaknesses of an accepted photo. */
  readonly warnings: readonly { readonly code: PhotoWarningCode; readonly message: string }[];
};

export type UploadProgress = {
  /** Of the files that are done. */
  readonly doneBytes: number;
  readonly totalBytes: number;
  readonly photos: readonly UploadedPhoto[];
  readonly count: number;
};

export type UploadOptions = {
  /** Called when the uploads begin and after each file. */
  readonly onProgress?: (progress: UploadProgress) => void;
  /** The caption of a photo for the training. */
  readonly captionOf?: (file: PhotoFile) => string | undefined;
  /** Ends the uploads; the call rejects with its reason. */
  readonly signal?: AbortSignal;
};

export type Uploader = {
  readonly operations: Operations;
  readonly fetch: Fetch;
  readonly timing: Timing;
};

type Target = Extract<
  CreatePhotoUploadsMutation['createPhotoUploads'],
  { readonly uploads: unknown }
>['uploads'][number];

type Answer = Partial<UploadedPhoto> & { readonly retryAfter?: number };

/** A browser opens six connections to a host without HTTP/2. */
const SIMULTANEOUS = 4;
/** With the delays between them, about as long as a server takes to restart. */
const MAX_ATTEMPTS = 6;

/** After these the same URL can be used again. */
const REPEATABLE = new Set([
  'NETWORK_ERROR',
  'BAD_RESPONSE',
  'UPLOAD_INCOMPLETE',
  'UPLOAD_TOO_SLOW',
  'UPLOAD_UNDER_WAY',
  'TOO_MANY_UPLOADS',
  'STORAGE_UNAVAILABLE',
]);

/** Uploads photos of an avatar, some at a time, and returns what became of each, in the given order. */
export async function uploadPhotos(
  uploader: Uploader,
  avatarId: string,
  given: Iterable<PhotoFile>,
  { onProgress, captionOf, signal = new AbortController().signal }: UploadOptions,
): Promise<UploadedPhoto[]> {
  const files = [...given];
  const input = {
    avatarId,
    files: files.map((file) => ({ name: file.name, size: file.size, caption: captionOf?.(file) ?? null })),
  };
  const uploads = await announce(uploader, input, signal);
  const totalBytes = files.reduce((sum, { size }) => sum + size, 0);
  const photos: UploadedPhoto[] = [];
  let doneBytes = 0;
  const report = () => onProgress?.({ doneBytes, totalBytes, photos: [...photos], count: files.length });
  report();

  const results: UploadedPhoto[] = [];
  const rest = uploads.entries();
  const work = async () => {
    for (const [index, target] of rest) {
      const file = files[index];
      if (file === undefined) return;
      const photo = await upload(uploader, { avatarId, target, file, signal });
      results[index] = photo;
      photos.push(photo);
      doneBytes += file.size;
      report();
    }
  };
  await Promise.all(Array.from({ length: SIMULTANEOUS }, work));
  return results;
}

/** Repeats what got no answer: a photo that is not uploaded yet gives way to a new one of the same name. */
async function announce(
  { operations, timing }: Uploader,
  input: CreatePhotoUploadsInput,
  signal: AbortSignal,
): Promise<readonly Target[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const created = await operations.mutate(CreatePhotoUploadsDocument, { input }, { signal });
      return created.createPhotoUploads.uploads;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || !isOutage(error)) throw error;
      await pause(backoff(timing, attempt), signal);
    }
  }
}

function isOutage(error: unknown): boolean {
  if (!(error instanceof LikenessError)) return false;
  return error.code === 'NETWORK_ERROR' || (error.status ?? 0) >= 502;
}

type Upload = {
  readonly avatarId: string;
  readonly target: Target;
  readonly file: PhotoFile;
  readonly signal: AbortSignal;
};

async function upload(uploader: Uploader, asked: Upload): Promise<UploadedPhoto> {
  const { target, signal } = asked;
  for (let attempt = 1; ; attempt++) {
    const answer = await put(uploader, asked);
    const { state, code = null, message = null, warnings = [], retryAfter = 0 } = answer;
    const { name, photoId } = target;
    if (state !== undefined) return { name, photoId, state, code, message, warnings };
    // The file may have arrived, although its answer did not.
    const checked = await verdictOf(uploader, asked).catch(() => null);
    signal.throwIfAborted();
    if (checked !== null) return checked;
    if (attempt === MAX_ATTEMPTS || !REPEATABLE.has(code ?? ''))
      return { name, photoId, state: 'FAILED', code, message, warnings };
    await pause(Math.max(backoff(uploader.timing, attempt), 1000 * retryAfter), signal);
  }
}

/** Without a state if the file was not checked. */
async function put({ fetch }: Uploader, { target, file, signal }: Upload): Promise<Answer> {
  signal.throwIfAborted();
  try {
    const response = await fetch(target.url, { method: 'PUT', body: file, signal });
    const retryAfter = Number.parseInt(response.headers.get('retry-after') ?? '0', 10);
    const answer = (await response.json().catch(() => null)) as Answer | null;
    const code = 'BAD_RESPONSE';
    return { retryAfter, ...(answer ?? { code, message: `The answer has HTTP status ${response.status}.` }) };
  } catch {
    signal.throwIfAborted();
    return { code: 'NETWORK_ERROR', message: 'The server cannot be reached, or the connection broke.' };
  }
}

/** The server's verdict on the photo; null: it is not checked yet. */
async function verdictOf({ operations }: Uploader, asked: Upload): Promise<UploadedPhoto | null> {
  const { avatarId, target, signal } = asked;
  const { photoSet } = await operations.query(PhotoSetOfDocument, { avatarId }, { signal });
  const photo = photoSet?.photos.find(({ id }) => id === target.photoId);
  if (photo === undefined || photo.state === 'PENDING') return null;
  const { name, state, code, message, warnings } = photo;
  return { name, photoId: target.photoId, state, code, message, warnings };
}
