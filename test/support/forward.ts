import type { IncomingMessage } from 'node:http';

/** Sends a request that arrived here on to `target`, with what fal looks at of its headers. */
export async function forwarded(target: string, request: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { authorization = '', 'content-type': type = 'application/json' } = request.headers;
  return fetch(new URL(request.url ?? '/', target), {
    method: request.method ?? 'GET',
    headers: { authorization, 'content-type': type },
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  });
}
