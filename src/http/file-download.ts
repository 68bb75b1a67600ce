import { pipeline } from 'node:stream/promises';
import { findFile, type FileLookup, type OpenFileDeps, type ReadableFile } from '../jobs/open-file.ts';
import { LEAST_PACE, watchPace, type Pace } from './download-pace.ts';
import { isKnown } from './if-none-match.ts';
import { rangeIn } from './file-range.ts';
import { KeyedSemaphore } from '../async/keyed-semaphore.ts';
import { LogThrottle } from '../log/log-throttle.ts';
import { StorageUnavailableError } from '../storage/file-storage.ts';
import { pathOf } from './request-head.ts';
import type { FileToken, FileUrls } from './file-url.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log/log.ts';

/** Downloads under way, of one owner and in total. */
const MAX_OF_OWNER = 100;
const MAX_OF_ALL = 400;
const FAULT_LOG_INTERVAL_MS = 60_000;

/** Status, code and message by outcome. */
const REFUSALS = {
  malformed: [404, 'FILE_UNKNOWN', 'There is no file with this URL.'],
  unknown: [404, 'FILE_UNKNOWN', 'There is no file with this URL: it may have been deleted.'],
  forged: [403, 'FILE_URL_INVALID', 'This server did not create the URL, or it was altered.'],
  expired: [410, 'FILE_URL_EXPIRED', 'The URL has expired: read the object again for a new one.'],
  gone: [410, 'FILE_GONE', 'The file could not be copied from fal, and will not be.'],
  'not-yet': [503, 'FILE_NOT_READY', 'Not copied from fal yet, or the storage is unavailable: try again.'],
  'no-room': [503, 'TOO_MANY_DOWNLOADS', 'Too many downloads are under way: try again.'],
  method: [405, 'METHOD_NOT_ALLOWED', 'Allowed methods: GET, HEAD.'],
} as const;

export type FileDownloads = {
  readonly jobs: OpenFileDeps;
  readonly urls: Pick<FileUrls, 'read'>;
  readonly log: Log;
};

export type FileDownloadRoute = (request: IncomingMessage, response: ServerResponse) => Promise<'answered'>;

/** Any page may show a file whose URL it has. A file that is opened as a page may do nothing. */
const HEADERS = {
  'access-control-allow-origin': '*',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};

/** Serves `GET /files/<token>`. The URL is the right to read; no token of a caller is read, so that pages can show it. */
export function createFileDownload(
  { jobs, urls, log }: FileDownloads,
  leastPace: Pace = LEAST_PACE,
): FileDownloadRoute {
  const ofOwner = new KeyedSemaphore(MAX_OF_OWNER);
  const ofAll = new KeyedSemaphore(MAX_OF_ALL);
  const faults = new LogThrottle(FAULT_LOG_INTERVAL_MS);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      refuse(response, 'method');
      return;
    }
    const token = urls.read(pathOf(request.url ?? ''));
    if (token.kind !== 'valid') {
      refuse(response, token.kind);
      return;
    }
    if (!ofAll.tryAcquire('')) {
      refuse(response, 'no-room');
      return;
    }
    try {
      await serve(request, response, token);
    } finally {
      ofAll.release('');
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse, token: Valid): Promise<void> {
    const left = new AbortController();
    response.once('close', () => left.abort());
    const found = await findFile(jobs, token.ref);
    if (found === null) {
      refuse(response, 'unknown');
      return;
    }
    // Before the copy is waited for: one owner's requests that wait must leave places for the others.
    if (!ofOwner.tryAcquire(found.ownerId)) {
      refuse(response, 'no-room');
      return;
    }
    try {
      const lookup = await found.open(left.signal).catch(unlessAway);
      if (lookup.kind === 'stored') await send(request, response, { token, file: lookup.file });
      else refuse(response, lookup.kind, lookup);
    } finally {
      ofOwner.release(found.ownerId);
    }
  }

  async function send(
    request: IncomingMessage,
    response: ServerResponse,
    { token, file }: { readonly token: Valid; readonly file: ReadableFile },
  ): Promise<void> {
    const { size, contentType } = file;
    const { headers } = request;
    const etag = `"${file.etag}"`;
    const isImage = contentType.startsWith('image/');
    const kept = {
      etag,
      'accept-ranges': 'bytes',
      'cache-control': `private, max-age=${Math.floor((token.expiresAt - Date.now()) / 1000)}, immutable`,
      'content-disposition': `${isImage ? 'inline' : 'attachment'}; filename="${nameOf(token.ref, file)}"`,
    };
    if (isKnown(headers['if-none-match'], etag)) return void response.writeHead(304, kept).end();
    const mayPart = (headers['if-range'] ?? etag) === etag;
    const part = mayPart ? rangeIn(headers.range, size) : null;
    if (part === 'unsatisfiable') {
      return void response.writeHead(416, { 'content-range': `bytes */${size}`, 'content-length': 0 }).end();
    }
    const head = {
      ...kept,
      'content-type': contentType,
      'content-length': part === null ? size : part.last - part.first + 1,
      ...(part === null ? {} : { 'content-range': `bytes ${part.first}-${part.last}/${size}` }),
    };
    const status = part === null ? 200 : 206;
    if (request.method === 'HEAD' || size === 0) return void response.writeHead(status, head).end();
    const content = await file.read(part ?? undefined);
    if (content === null) {
      refuse(response, 'unknown');
      return;
    }
    response.writeHead(status, head);
    const endWatch = watchPace(request.socket, leastPace);
    // The client has left, or the storage fails: the connection ends before the declared length.
    await pipeline(content, response).catch((error: unknown) => {
      // The pipeline has destroyed the response of a client that was still there.
      const times = response.errored instanceof Error ? faults.times('fault') : null;
      if (times !== null) log.error({ err: error, times }, 'stored file not readable');
      response.destroy();
    });
    endWatch();
  }

  return async (request, response) => {
    await answer(request, response);
    return 'answered';
  };
}

/** A storage that is away is so for a moment. */
function unlessAway(error: unknown): FileLookup {
  if (error instanceof StorageUnavailableError) return { kind: 'not-yet', retryInMs: 5000 };
  throw error;
}

type Valid = Extract<FileToken, { kind: 'valid' }>;

const ENDINGS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
};

/** Of a picture by its bytes and the day of its id; of another file as fal names it, if that is a plain name. */
function nameOf(ref: Valid['ref'], { artifactUrl, contentType }: ReadableFile): string {
  if ('photoId' in ref) return `avatar-photo-${dayOf(ref.photoId)}.jpg`;
  const { runId, position } = ref;
  const ending = ENDINGS[contentType];
  if (ending !== undefined) return `avatar-image-${dayOf(runId)}-${position + 1}.${ending}`;
  const name = artifactUrl === null ? '' : (new URL(artifactUrl).pathname.split('/').at(-1) ?? '');
  return /^\w[\w.-]{0,99}$/.test(name) ? name : `${runId}-${position + 1}.bin`;
}

/** A version 7 UUID begins with the time at which it was made. */
function dayOf(id: string): string {
  return new Date(parseInt(id.slice(4, 16), 16)).toISOString().slice(0, 10);
}

function refuse(
  response: ServerResponse,
  kind: keyof typeof REFUSALS,
  lookup?: Exclude<FileLookup, { kind: 'stored' }>,
): void {
  const [status, code, message] = REFUSALS[kind];
  if (status === 503) {
    const waitMs = lookup?.kind === 'not-yet' ? lookup.retryInMs : 5000;
    response.setHeader('retry-after', Math.ceil(waitMs / 1000));
  }
  const text = JSON.stringify({ code, message });
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  };
  response.writeHead(status, headers).end(text);
}
