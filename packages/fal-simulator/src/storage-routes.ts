import * as z from 'zod';
import type { Exchange } from './exchange.ts';
import type { FileStore } from './file-store.ts';
import { detail, json, type Reply } from './replies.ts';
import { createUploads, type Upload } from './uploads.ts';

export type StorageParts = {
  files: FileStore;
  base: () => string;
  maxFileBytes: number;
  now: () => number;
  unauthorized: (exchange: Exchange) => Reply | null;
};
const wanted = z.looseObject({ content_type: z.string().max(200), file_name: z.string().min(1).max(300) });
const completion = z.object({ parts: z.array(z.object({ partNumber: z.int(), etag: z.string() })).min(1) });

const MOST_PARTS = 10_000;
const SMALL_BODY_BYTES = 1024 * 1024;

export function createStorageRoutes({ files, base, maxFileBytes, now, unauthorized }: StorageParts) {
  const uploads = createUploads({ bytesOfOne: maxFileBytes, bytesOfAll: 2 * maxFileBytes, now });

  async function initiate(exchange: Exchange): Promise<Reply> {
    const refused = unauthorized(exchange);
    if (refused) return refused;
    const about = parse(wanted, await exchange.read(SMALL_BODY_BYTES));
    if (!about) return detail(422, 'Expected {content_type, file_name}');
    const name = about.file_name.replace(/[/\\\0]/g, '_');
    // Other text could break the response header.
    const contentType = /^[\w.+-]+\/[\w.+-]+/.exec(about.content_type)?.[0] ?? 'application/octet-stream';
    const id = files.newId();
    if (!uploads.begin(id, { name, contentType })) {
      return detail(429, 'Too many uploads are open', { 'retry-after': '60' });
    }
    return json(200, { upload_url: `${base()}/uploads/${id}?signed=1`, file_url: files.urlOf({ id, name }) });
  }

  /** PUT of the whole file or of one part, POST …/complete. The URL is the authorization. */
  async function receive(exchange: Exchange): Promise<Reply> {
    const [, id = '', part] = exchange.segments;
    const upload = uploads.find(id);
    if (!upload) return detail(404, 'Unknown upload');
    if (exchange.method === 'PUT') {
      const number = part === undefined ? 0 : Number(part);
      if (!Number.isInteger(number) || number < 0 || number > MOST_PARTS)
        return detail(400, 'Bad part number');
      const bytes = await exchange.read(maxFileBytes);
      if (part !== undefined) {
        if (!uploads.keep(upload, number, bytes)) return detail(413, 'The parts are too large');
        return json(200, { partNumber: number, etag: `"${id}-${number}"` });
      }
      await finish(id, upload, bytes);
      return json(200, {});
    }
    if (exchange.method !== 'POST' || part !== 'complete') return detail(405, 'Method Not Allowed');
    const listed = parse(completion, await exchange.read(SMALL_BODY_BYTES))?.parts ?? [];
    const bodies = listed.map(({ partNumber }) => upload.parts.get(partNumber));
    if (listed.length === 0 || bodies.includes(undefined)) return detail(400, 'A part is missing');
    const total = bodies.reduce((sum, body) => sum + (body?.length ?? 0), 0);
    if (total > maxFileBytes) return detail(413, 'File is too large');
    await finish(id, upload, Buffer.concat(bodies.filter((body) => body !== undefined)));
    return json(200, {});
  }

  async function finish(id: string, { name, contentType }: Upload, bytes: Buffer): Promise<void> {
    await files.put(bytes, { id, name, contentType });
    uploads.end(id);
  }

  async function serve({ segments, method }: Exchange): Promise<Reply> {
    if (method !== 'GET' && method !== 'HEAD') return detail(405, 'Method Not Allowed');
    const file = files.find(segments[1]);
    if (!file || segments[2] !== file.name) return detail(404, 'File not found');
    const headers = {
      'content-type': file.contentType,
      'content-length': String(file.size),
      'cache-control': 'public, max-age=31536000, immutable',
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
    };
    const path = files.pathOf(file);
    if (path !== null) return { kind: 'file', headers, path };
    return { kind: 'bytes', status: 200, headers, body: await files.read(file) };
  }

  return { initiate, receive, serve };
}

function parse<T>(schema: z.ZodType<T>, body: Buffer): T | null {
  try {
    return schema.parse(JSON.parse(body.toString('utf8')));
  } catch {
    return null;
  }
}
