import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

export type Outgoing = {
  method: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: Buffer | string;
  timeoutMs: number;
  /** Largest answer in bytes. */
  limit: number;
  signal: AbortSignal;
};

export class AnswerTooLarge extends Error {}

/**
 * One request without pooling, so no connection outlives close(). Redirects are not followed. Rejects on transport
 * errors, after `timeoutMs` in total, and with AnswerTooLarge beyond `limit`.
 */
export async function sendOnce(url: string, outgoing: Outgoing): Promise<{ status: number; body: Buffer }> {
  const target = new URL(url);
  if (target.protocol !== 'http:' && target.protocol !== 'https:') throw new Error(`Not an http URL: ${url}`);
  const open = target.protocol === 'https:' ? httpsRequest : httpRequest;

  return new Promise((resolve, reject) => {
    const headers = { ...outgoing.headers };
    if (outgoing.body !== undefined) headers['content-length'] = String(Buffer.byteLength(outgoing.body));
    const { method, signal } = outgoing;
    const request = open(target, { method, headers, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length <= outgoing.limit) return;
        request.destroy();
        reject(new AnswerTooLarge(`More than ${outgoing.limit} bytes`));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
      response.on('error', reject);
    });
    request.on('error', reject);
    // AbortSignal.any() does not keep an AbortSignal.timeout() in memory, and one that is collected never aborts.
    const late = setTimeout(() => request.destroy(new Error('no answer in time')), outgoing.timeoutMs);
    request.on('close', () => clearTimeout(late));
    request.end(outgoing.body);
  });
}
