import { pipeline } from 'node:stream/promises';
import { findFile, type OpenFileDeps, type ReadableFile } from '../../jobs/files/open-file.ts';
import { LEAST_PACE, watchPace, type Pace } from './download-pace.ts';
import { isKnown } from './if-none-match.ts';
import { rangeIn } from './file-range.ts';
import { KeyedSemaphore } from '../../async/keyed-semaphore.ts';
import { LogThrottle } from '../../log/log-throttle.ts';
import { pathOf } from '../request-head.ts';
import type { FileToken, FileUrls } from './file-url.ts';
import { sendJson } from '../send-json.ts';
import { IMAGE_ENDINGS } from '../../values/image-type.ts';
import { MINUTE_MS } from '../../values/units.ts';
import type { FilePart } from '../../storage/file-storage.ts';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Log } from '../../log/log.ts';
import type { Route } from '../route.ts';

/** Downloads under way, of one owner and in total. */
const MAX_OF_OWNER = 100;
const MAX_OF_ALL = 400;
const FAULT_LOG_INTERVAL_MS = MINUTE_MS;

/** Status, code and message by outcome. */
const REFUSALS = {
  malformed: [404, 'FILE_UNKNOWN', 'There is no file with this URL.'],
  unknown: [404, 'FILE_UNKNOWN', 'There is no file with this URL: it may have been deleted.'],
  forged: [403, 'FILE_URL_INVALID', 'This server did not create the URL, or it was altered.'],
  expired: [410, 'FILE_URL_EXPIRED', 'The URL has expired: read the object again for a new one.'],
  gone: [410, 'FILE_GONE', 'The file could not be copied from fal, and will not be.'],
  'not-yet': [
    503,
    'FILE_NOT_READY',
    'Not copied from fal yet, or the storage or the database is unavailable: try again.',
  ],
  'no-room': [503, 'TOO_MANY_DOWNLOADS', 'Too many downloads are under way: try again.'],
  method: [405, 'METHOD_NOT_ALLOWED', 'Allowed methods: GET, HEAD.'],
} as const;

export type FileDownloads = {
  readonly deps: OpenFileDeps;
  readonly urls: Pick<FileUrls, 'read'>;
  /** Whether the error is an outage of the database or of the storage. */
  readonly isOutage: (error: unknown) => boolean;
  readonly log: Log;
};

/** Any page may show a file whose URL it has. A file that is opened as a page may do nothing. */
const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Retry-After',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
};

/** Serves `GET /files/<token>`. The URL is the right to read; no token of a caller is read, so that pages can show it. */
export function createFileDownload(
  { deps, urls, isOutage, log }: FileDownloads,
  leastPace: Pace = LEAST_PACE,
): Route {
  const ofOwner = new KeyedSemaphore(MAX_OF_OWNER);
  const ofAll = new KeyedSemaphore(null, MAX_OF_ALL);
  const faults = new LogThrottle(FAULT_LOG_INTERVAL_MS);

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<Outcome> {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      return { kind: 'method' };
    }
    const token = urls.read(pathOf(request.url ?? ''));
    if (token.kind !== 'valid') return token;
    const outcome = await ofAll.run('', () => serve(request, response, token).catch(unlessOutage));
    return outcome ?? { kind: 'no-room' };
  }

  /** Of an error before the head of the response is sent. */
  function unlessOutage(error: unknown): Outcome {
    if (!isOutage(error)) throw error;
    const times = faults.times('outage');
    if (times !== null) log.warn({ err: error, times }, 'file not served: database or storage unavailable');
    return { kind: 'not-yet' };
  }

  async function serve(request: IncomingMessage, response: ServerResponse, token: Valid): Promise<Outcome> {
    const closed = new AbortController();
    response.once('close', () => closed.abort());
    const found = await findFile(deps, token.ref);
    if (found === null) return { kind: 'unknown' };
    // Before the copy is waited for: one owner's requests that wait must leave places for the others.
    const outcome = await ofOwner.run(found.ownerId, async () => {
      const lookup = await found.open(closed.signal);
      return lookup.kind === 'stored' ? send(request, response, { token, file: lookup.file }) : lookup;
    });
    return outcome ?? { kind: 'no-room' };
  }

  async function send(
    request: IncomingMessage,
    response: ServerResponse,
    { token, file }: { readonly token: Valid; readonly file: ReadableFile },
  ): Promise<Outcome> {
    const { status, headers, part } = headOf(request, token, file);
    if (part === null) {
      response.writeHead(status, headers).end();
      return 'responded';
    }
    const content = await file.read(part === 'all' ? undefined : part);
    if (content === null) return { kind: 'unknown' };
    response.writeHead(status, headers);
    const endWatch = watchPace(request.socket, leastPace);
    // The client has left, or the storage fails: the connection ends before the declared length.
    await pipeline(content, response).catch((error: unknown) => {
      // The pipeline has destroyed the response of a client that was still there.
      const times = response.errored instanceof Error ? faults.times('fault') : null;
      if (times !== null) log.error({ err: error, times }, 'stored file not readable');
      response.destroy();
    });
    endWatch();
    return 'responded';
  }

  return async (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const outcome = await respond(request, response);
    if (outcome !== 'responded') refuse(response, outcome);
    return 'responded';
  };
}

type Refusal = { readonly kind: keyof typeof REFUSALS; readonly retryInMs?: number };

type Outcome = 'responded' | Refusal;

/** The response to a request for a file, and the part of the file that is its body; null: none. */
function headOf(
  { method, headers }: IncomingMessage,
  token: Valid,
  file: ReadableFile,
): {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly part: FilePart | 'all' | null;
} {
  const { size, contentType } = file;
  const etag = `"${file.etag}"`;
  const isImage = contentType.startsWith('image/');
  const kept = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': `private, max-age=${Math.floor((token.expiresAt - Date.now()) / 1000)}, immutable`,
    'content-disposition': `${isImage ? 'inline' : 'attachment'}; filename="${nameOf(token.ref, file)}"`,
  };
  if (isKnown(headers['if-none-match'], etag)) return { status: 304, headers: kept, part: null };
  const mayPart = (headers['if-range'] ?? etag) === etag;
  const part = mayPart ? rangeIn(headers.range, size) : null;
  if (part === 'unsatisfiable') {
    const unsatisfiable = { 'content-range': `bytes */${size}`, 'content-length': 0 };
    return { status: 416, headers: unsatisfiable, part: null };
  }
  return {
    status: part === null ? 200 : 206,
    headers: {
      ...kept,
      'content-type': contentType,
      'content-length': part === null ? size : part.last - part.first + 1,
      ...(part === null ? {} : { 'content-range': `bytes ${part.first}-${part.last}/${size}` }),
    },
    part: method === 'HEAD' || size === 0 ? null : (part ?? 'all'),
  };
}

type Valid = Extract<FileToken, { kind: 'valid' }>;

/** An image or a photo is named after its type and the day of its ID; another file as at fal, if that is a plain name. */
function nameOf(ref: Valid['ref'], { artifactUrl, contentType }: ReadableFile): string {
  if ('photoId' in ref) return `avatar-photo-${dayOf(ref.photoId)}.jpg`;
  const { sourceId, position } = ref;
  const ending = IMAGE_ENDINGS[contentType];
  if (ending !== undefined) return `avatar-image-${dayOf(sourceId)}-${position + 1}.${ending}`;
  const name = artifactUrl === null ? '' : (new URL(artifactUrl).pathname.split('/').at(-1) ?? '');
  return /^\w[\w.-]{0,99}$/.test(name) ? name : `${sourceId}-${position + 1}.bin`;
}

/** A version 7 UUID begins with the time at which it was made. */
function dayOf(id: string): string {
  return new Date(parseInt(id.slice(4, 16), 16)).toISOString().slice(0, 10);
}

function refuse(response: ServerResponse, { kind, retryInMs = 5000 }: Refusal): void {
  const [status, code, message] = REFUSALS[kind];
  if (status === 503) response.setHeader('retry-after', Math.ceil(retryInMs / 1000));
  sendJson(response, status, { code, message }, { 'cache-control': 'no-store' });
}
