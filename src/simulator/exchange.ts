import type { IncomingMessage } from 'node:http';

export class BodyTooLarge extends Error {}

/** One request as the routes see it. */
export type Exchange = {
  method: string;
  /** Decoded path segments; none is empty. */
  segments: string[];
  query: URLSearchParams;
  headers: Record<string, string>;
  /** Throws BodyTooLarge beyond `limit` bytes. */
  read: (limit: number) => Promise<Buffer>;
};

/** Null when the target is not a path this server could ever have handed out. */
export function openExchange(request: IncomingMessage): Exchange | null {
  const target = request.url ?? '/';
  if (!target.startsWith('/') || !URL.canParse(target, 'http://simulator')) return null;
  const url = new URL(target, 'http://simulator');
  let segments: string[];
  try {
    segments = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  } catch {
    return null;
  }
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return {
    method: request.method ?? 'GET',
    segments,
    query: url.searchParams,
    headers,
    read: (limit) => readBody(request, limit),
  };
}

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw new BodyTooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
