import { createOwnAddress } from '../own-address.ts';
import { askForBody } from '../expect-continue.ts';
import { pathOf } from '../request-head.ts';
import { sendJson } from '../send-json.ts';
import { REASON_TEXTS, WARNING_TEXTS } from '../../domain/photo.ts';
import { receivePhoto, type ReceiveOutcome, type ReceivePhotoDeps } from '../../jobs/photos/receive-photo.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../route.ts';

export const PHOTO_PATH = '/photos';

/** 32 bytes as base64url. */
const TOKEN = /^\/photos\/([\w-]{43})$/;

/** Status, code and message by outcome. */
const REFUSALS = {
  unknown: [404, 'UPLOAD_UNKNOWN', 'There is no upload with this URL.'],
  used: [409, 'UPLOAD_USED', 'This URL has been used: it is valid for one upload.'],
  'under-way': [409, 'UPLOAD_UNDER_WAY', 'An upload with this URL is under way.'],
  expired: [410, 'UPLOAD_EXPIRED', 'The URL has expired: create a new upload.'],
  method: [405, 'METHOD_NOT_ALLOWED', 'Allowed methods: PUT, OPTIONS.'],
  'no-length': [411, 'LENGTH_REQUIRED', 'Send the size of the file in a Content-Length header.'],
  'wrong-length': [400, 'LENGTH_MISMATCH', 'The file does not have the declared size.'],
  'too-slow': [408, 'UPLOAD_TOO_SLOW', 'The upload took too long: upload the file again.'],
  broken: [400, 'UPLOAD_INCOMPLETE', 'The upload is incomplete: upload the file again.'],
  'no-room': [503, 'TOO_MANY_UPLOADS', 'Too many uploads are under way: try again.'],
  unavailable: [503, 'STORAGE_UNAVAILABLE', 'The storage or the database is unavailable: try again.'],
  full: [507, 'STORAGE_FULL', 'The storage of the server is full.'],
} as const;

type Refusal = keyof typeof REFUSALS;

type UploadResponse = { readonly status: number; readonly body: object | null };

export type PhotoUploads = {
  readonly deps: ReceivePhotoDeps;
  /** Whether a page of this origin may upload. */
  readonly isAllowedOrigin: (origin: string, host: string | null) => boolean;
  /** Whether the error is an outage of the database or of the storage. */
  readonly isOutage: (error: unknown) => boolean;
};

/** Takes `PUT /photos/<token>`, the raw bytes of one photo. The URL is the right to upload; no token is read. */
export function createPhotoUpload(uploads: PhotoUploads): Route {
  return async (request, response) => {
    const { origin, host = null } = request.headers;
    response.setHeader('vary', 'Origin');
    if (origin !== undefined && uploads.isAllowedOrigin(origin, host)) {
      response.setHeader('access-control-allow-origin', origin);
      response.setHeader('access-control-expose-headers', 'Retry-After');
    }
    const { status, body } = await responseTo(request, response, uploads);
    if (status === 503) response.setHeader('retry-after', '5');
    response.setHeader('cache-control', 'no-store');
    if (body === null) response.writeHead(status, { 'content-length': 0 }).end();
    else sendJson(response, status, body);
    return 'responded';
  };
}

async function responseTo(
  request: IncomingMessage,
  response: ServerResponse,
  { deps, isOutage }: PhotoUploads,
): Promise<UploadResponse> {
  const { method, headers, url = '' } = request;
  if (method === 'OPTIONS') {
    response.setHeader('access-control-allow-methods', 'PUT');
    response.setHeader('access-control-allow-headers', 'content-type');
    response.setHeader('access-control-max-age', '600');
    return { status: 204, body: null };
  }
  if (method !== 'PUT') {
    response.setHeader('allow', 'PUT, OPTIONS');
    return refusal('method');
  }
  const token = TOKEN.exec(pathOf(url))?.[1];
  if (token === undefined) return refusal('unknown');
  const length = headers['content-length'];
  if (length === undefined) return refusal('no-length');
  const file = { declared: Number(length), chunks: chunksOf(request) };
  const outcome = await receivePhoto(deps, token, file).catch((error: unknown) => {
    if (!isOutage(error)) throw error;
    deps.log.warn({ err: error }, 'uploaded photo not stored');
    return { kind: 'unavailable' as const };
  });
  return outcome.kind === 'checked' ? verdict(outcome) : refusal(outcome.kind);
}

async function* chunksOf(request: IncomingMessage): AsyncIterable<Uint8Array> {
  askForBody(request);
  yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}

function verdict({ photoId, verdict }: Extract<ReceiveOutcome, { kind: 'checked' }>): UploadResponse {
  if (verdict.state === 'REFUSED') {
    const { state, reason } = verdict;
    return { status: 422, body: { photoId, state, code: reason, message: REASON_TEXTS[reason] } };
  }
  const warnings = verdict.warnings.map((code) => ({ code, message: WARNING_TEXTS[code] }));
  return { status: 200, body: { photoId, state: verdict.state, warnings } };
}

function refusal(kind: Refusal): UploadResponse {
  const [status, code, message] = REFUSALS[kind];
  return { status, body: { code, message } };
}

export function createUploadUrl(config: Parameters<typeof createOwnAddress>[0]) {
  const address = createOwnAddress(config);
  return (token: string, requestHost: string | undefined): string =>
    `${address(requestHost)}${PHOTO_PATH}/${token}`;
}
