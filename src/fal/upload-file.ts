import * as z from 'zod';
import { timeLimit } from '../async/time-limit.ts';
import { sendRequest, type FalResponse, type FalSettings } from './send-once.ts';
import { uploadedPartSchema, uploadTargetSchema } from './schemas.ts';
import { MB } from '../values/units.ts';
import type { UploadRequest } from '../jobs/photos/photo-archive.ts';

const UPLOAD_TIMEOUT_MS = 120_000;
/** fal takes larger files in parts. */
const MAX_SINGLE_BYTES = 90 * MB;
const PART_BYTES = 10 * MB;

type Uploaded = { readonly url: string } | { readonly failed: string };

/** Uploads a file to fal's storage, while it is made. The file is public for everyone who knows its URL. */
export async function uploadFile(settings: FalSettings, file: UploadRequest): Promise<Uploaded> {
  const { key, restUrl, closing } = settings;
  const limit = timeLimit(UPLOAD_TIMEOUT_MS, closing);
  const send = (url: string, init: RequestInit) => sendRequest(url, init, key, limit.signal);
  const isLarge = file.size > MAX_SINGLE_BYTES;
  try {
    const step = isLarge ? 'initiate-multipart' : 'initiate';
    const response = await send(`${restUrl}/storage/upload/${step}?storage_type=fal-cdn-v3`, {
      method: 'POST',
      headers: {
        authorization: `Key ${key}`,
        'content-type': 'application/json',
        accept: 'application/json',
        // The name of this header differs from that of a submit.
        'x-fal-object-lifecycle': JSON.stringify({ expiration_duration_seconds: file.keepSeconds }),
      },
      body: JSON.stringify({ content_type: file.contentType, file_name: file.name }),
    });
    const target = uploadTargetSchema.parse(bodyOf(response));
    // The URLs are the authorization: the key stays here.
    if (isLarge) await sendParts(send, target.upload_url, file);
    else bodyOf(await send(target.upload_url, wholeOf(file)));
    return { url: target.file_url };
  } catch (error) {
    const isUnexpected = error instanceof z.ZodError;
    return { failed: isUnexpected ? 'unexpected response' : (error as Error).message };
  } finally {
    limit.end();
  }
}

type Send = (url: string, init: RequestInit) => Promise<FalResponse>;

function wholeOf({ contentType, size, content }: UploadRequest): RequestInit {
  const headers = { 'content-type': contentType, 'content-length': String(size) };
  // Node's types do not know an iterable body and `duplex`, which fetch requires for a stream.
  return { method: 'PUT', headers, body: content, duplex: 'half' } as unknown as RequestInit;
}

async function sendParts(send: Send, uploadUrl: string, { content }: UploadRequest): Promise<void> {
  const parts: z.output<typeof uploadedPartSchema>[] = [];
  const { origin, pathname, search } = new URL(uploadUrl);
  for await (const part of inParts(content)) {
    const url = `${origin}${pathname}/${parts.length + 1}${search}`;
    parts.push(uploadedPartSchema.parse(bodyOf(await send(url, { method: 'PUT', body: part }))));
  }
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ parts });
  bodyOf(await send(`${origin}${pathname}/complete${search}`, { method: 'POST', headers, body }));
}

async function* inParts(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size < PART_BYTES) continue;
    yield Buffer.concat(chunks);
    [chunks, size] = [[], 0];
  }
  if (size > 0) yield Buffer.concat(chunks);
}

/** @throws for anything but success */
function bodyOf(response: FalResponse): unknown {
  if (response.kind === 'no-response') throw new Error(response.message);
  if (response.status < 200 || response.status >= 300) throw new Error(`HTTP ${response.status}`);
  return response.body.json;
}
