import type { IncomingMessage } from 'node:http';

export class BodyTooLarge extends Error {}
/** The budget of all bodies is used up. */
export class BodiesTooLarge extends Error {}

/** A request to a route. */
export type Exchange = {
  method: string;
  /** Decoded path segments; none is empty. */
  segments: string[];
  query: URLSearchParams;
  headers: Record<string, string>;
  /** Throws BodyTooLarge beyond `limit` bytes, BodiesTooLarge when the shared budget is used up. */
  read: (limit: number) => Promise<Buffer>;
  /** Returns the bytes of the body to the budget. */
  release: () => void;
};

export type BodyBudget = { left: number };

/**
 * Null when the request target is not a valid path.
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
