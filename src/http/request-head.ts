import { parseUrl } from '../values/web-url.ts';
import type { IncomingMessage } from 'node:http';

/** Response to a request whose body is not read. */
export type HeadRefusal = {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/** In characters, for headers that are parsed or echoed. Node limits all headers together to 16 KB. */
const MAX_LENGTH: Readonly<Record<string, number>> = {
  accept: 1000,
  'access-control-request-headers': 1000,
  'access-control-request-method': 100,
  'content-length': 20,
  'content-type': 200,
  host: 300,
  origin: 300,
  'sec-websocket-extensions': 1000,
  'sec-websocket-protocol': 300,
};

/** A name or an address with an optional port (RFC 9110, 7.2). Other characters could change the path of a URL. */
const HOST = /^[A-Za-z0-9._:\-[\]]+$/;

/** Refusal of a request or WebSocket upgrade by its request line and headers; null if it may be routed. */
export function refusalOfHead(request: IncomingMessage): HeadRefusal | null {
  const { method, url = '', headers } = request;
  if (!isPlainTarget(url)) return { status: 400, message: 'The request target must be a plain path.' };
  for (const [name, length] of Object.entries(MAX_LENGTH)) {
    if (lengthOf(headers[name]) > length)
      return { status: 431, message: `${name}: expected at most ${length} characters.` };
  }
  if (!isValidHost(request)) return { status: 400, message: 'The Host header is not valid.' };
  const { expect = '100-continue' } = headers;
  if (expect.toLowerCase() !== '100-continue')
    return { status: 417, message: 'Expect: the only supported value is 100-continue.' };
  // Cross-site tracing reads headers from the echo (CWE-693).
  if (method === 'TRACE') return methodNotAllowed('GET, HEAD, POST, OPTIONS');
  return null;
}

export function methodNotAllowed(allow: string): HeadRefusal {
  return { status: 405, message: `Allowed methods: ${allow}.`, headers: { allow } };
}

/** The path of a target that refusalOfHead() accepts. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '';
}

/** Whether a path is this one or below it. */
export function isAt(path: string, pathname: string): boolean {
  return pathname === path || pathname.startsWith(`${path}/`);
}

function lengthOf(value: string | string[] | undefined): number {
  return typeof value === 'string' ? value.length : (value ?? []).join(', ').length;
}

/** Load balancers still send health checks as HTTP/1.0, without a Host header. */
function isValidHost({ headers: { host }, rawHeaders, httpVersion }: IncomingMessage): boolean {
  if (host === undefined) return httpVersion === '1.0';
  // Node keeps the first of two, and a proxy may have checked the other one (RFC 9112, 3.2).
  const isName = (text: string, index: number) => index % 2 === 0 && text.toLowerCase() === 'host';
  if (rawHeaders.filter(isName).length > 1) return false;
  return HOST.test(host) && parseUrl(`http://${host}`) !== null;
}

/** False for a target that a URL parser would normalize: dot segments, backslashes, fragments, absolute URLs. */
function isPlainTarget(target: string): boolean {
  const url = target.startsWith('/') ? parseUrl(target, 'http://any') : null;
  return url !== null && url.host === 'any' && url.pathname === pathOf(target);
}
