import { Response } from '@whatwg-node/fetch';

/** A Response of the server adapter: Node's own takes longer to send, and loading it takes as long as half a start of Node. */
export function jsonResponse(
  value: object,
  {
    status = 200,
    headers = {},
  }: { status?: number; headers?: Readonly<Record<string, string>> | undefined } = {},
): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', ...headers },
  });
}
