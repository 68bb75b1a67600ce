import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

/** An answer to a request whose body nobody reads. */
export type HeadRefusal = {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
};

/**
 * The longest value, in characters, of each header that is parsed or echoed. Headers that nothing reads, such as
 * cookies and those that proxies add, are bounded by Node alone: 16 KB for all of them.
 */
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

/** Host is a name or an address with an optional port (RFC 9110, 7.2); anything else could end up in a URL's path. */
const HOST = /^[A-Za-z0-9._:\-[\]]+$/;

/**
 * Refuses a request by its request line and headers. Null for one that may be routed. WebSocket upgrades go through
 * the same check.
 */
export function refusalOfHead({
  method,
  url = '',
  headers,
  httpVersion,
}: IncomingMessage): HeadRefusal | null {
  if (!isPlainTarget(url)) return { status: 400, message: 'The request target is not a plain path.' };
  for (const [name, length] of Object.entries(MAX_LENGTH)) {
    if (lengthOf(headers[name]) > length)
      return { status: 431, message: `${name}: expected at most ${length} characters.` };
  }
  if (!isValidHost(headers, httpVersion)) return { status: 400, message: 'The Host header is not valid.' };
  // A cross-site tracing attack reads headers out of the echo (CWE-693).
  if (method === 'TRACE') return methodNotAllowed('GET, HEAD, POST, OPTIONS');
  return null;
}

export function methodNotAllowed(allow: string): HeadRefusal {
  return { status: 405, message: `Allowed methods: ${allow}.`, headers: { allow } };
}

/** The path of a target that refusalOfHead() let through. */
export function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '';
}

function lengthOf(value: string | string[] | undefined): number {
  return typeof value === 'string' ? value.length : (value ?? []).join(', ').length;
}

/** HTTP/1.0 has no Host header; load balancers still use it for health checks. */
function isValidHost({ host }: IncomingHttpHeaders, httpVersion: string): boolean {
  if (host === undefined) return httpVersion === '1.0';
  return HOST.test(host) && URL.canParse(`http://${host}`);
}

/** False for a target that a URL parser would turn into another path: dots, backslashes, fragments, whole addresses. */
function isPlainTarget(target: string): boolean {
  if (!target.startsWith('/') || !URL.canParse(target, 'http://any')) return false;
  const url = new URL(target, 'http://any');
  return url.host === 'any' && url.pathname === pathOf(target);
}
