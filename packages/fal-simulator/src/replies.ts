import { createReadStream } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/** A route's answer, or a broken one. */
export type Reply =
  | { kind: 'bytes'; status: number; headers: Record<string, string>; body: Uint8Array | string }
  | { kind: 'file'; headers: Record<string, string>; path: string }
  | { kind: 'live'; serve: (response: ServerResponse) => void }
  | { kind: 'cut'; body: string }
  | { kind: 'drop' }
  | { kind: 'hang' };

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return {
    kind: 'bytes',
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  };
}

export function detail(status: number, text: string, headers: Record<string, string> = {}): Reply {
  return json(status, { detail: text }, headers);
}

export function page(status: number, title: string): Reply {
  const body = `<!doctype html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
  return { kind: 'bytes', status, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}

export async function send(response: ServerResponse, reply: Reply, withBody: boolean): Promise<void> {
  switch (reply.kind) {
    case 'bytes': {
      const length = String(Buffer.byteLength(reply.body));
      response.writeHead(reply.status, { ...reply.headers, 'content-length': length });
      response.end(withBody ? reply.body : undefined);
      return;
    }
    case 'file':
      response.writeHead(200, reply.headers);
      if (withBody) await pipeline(createReadStream(reply.path), response);
      else response.end();
      return;
    case 'live':
      reply.serve(response);
      return;
    case 'cut':
      // Shorter than its content-length, so that the reader detects it.
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': String(reply.body.length),
      });
      response.write(reply.body.slice(0, reply.body.length / 2), () => response.destroy());
      return;
    case 'drop':
      response.destroy();
      return;
    case 'hang':
      return;
  }
}
