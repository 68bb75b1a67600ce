import type { IncomingMessage } from 'node:http';

export class BodyTooLarge extends Error {}
/** Too much is being read at the same time. */
export class BodiesTooLarge extends Error {}

/** One request as the routes see it. */
export type Exchange = {
  method: string;
  /** Decoded path segments; none is empty. */
  segments: string[];
  query: URLSearchParams;
  headers: Record<string, string>;
  /** Throws BodyTooLarge beyond `limit` bytes, BodiesTooLarge when all of them together take too much. */
  read: (limit: number) => Promise<Buffer>;
  /** To be called when what was read is no longer needed. */
  release: () => void;
};

export type BodyBudget = { left: number };

/**
 * Null when the target is not a path this server could ever have handed out.
 * @param budget bytes that bodies may hold, over all exchanges
 */
export function openExchange(request: IncomingMessage, budget: BodyBudget): Exchange | null {
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
  let taken = 0;
  return {
    method: request.method ?? 'GET',
    segments,
    query: url.searchParams,
    headers,
    async read(limit) {
      if (Number(request.headers['content-length'] ?? 0) > limit) throw new BodyTooLarge();
      const chunks: Buffer[] = [];
      // A request that is destroyed could no longer be answered.
      for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (taken + chunk.length > limit) throw new BodyTooLarge();
        if (chunk.length > budget.left) throw new BodiesTooLarge();
        taken += chunk.length;
        budget.left -= chunk.length;
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    },
    release() {
      budget.left += taken;
      taken = 0;
    },
  };
}
