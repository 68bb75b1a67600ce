import { request } from 'node:http';

export type HttpRequest = {
  /** Default POST. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | undefined;
  readonly signal?: AbortSignal | null | undefined;
};

export type HttpResponse = { readonly status: number; readonly headers: Headers; readonly text: string };

/**
 * Sends a request over a connection of its own, which no server closes at the moment when it is used again. Not through
 * fetch, which takes twice the CPU.
 */
export function exchange(
  url: string,
  { method = 'POST', headers = {}, body, signal }: HttpRequest = {},
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const options = {
      method,
      agent: false,
      headers: { accept: '*/*', ...headers },
      ...(signal && { signal }),
    };
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, rawHeaders } = response;
        resolve({ status, headers: headersOf(rawHeaders), text: Buffer.concat(chunks).toString() });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at < raw.length; at += 2) headers.append(raw[at] ?? '', raw[at + 1] ?? '');
  return headers;
}
