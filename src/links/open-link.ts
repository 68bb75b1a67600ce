import { isIP, type LookupFunction } from 'node:net';
import { Resolver } from 'node:dns/promises';
import { request as requestHttp, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { isPublicAddress } from './public-address.ts';
import { parseUrl, parseWebUrl } from '../values/web-url.ts';

/** What was expected of a link, in words for the caller. They are the same for every address that is not public. */
export class LinkProblem extends Error {
  override readonly name = 'LinkProblem';
}

/** All IP addresses of a host; none when it has none. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export type OpenOptions = {
  /** Origins whose address may be any. */
  readonly trustedOrigins: ReadonlySet<string>;
  readonly resolve: Resolve;
  /** Value of the Range header; absent: the whole file. */
  readonly range?: string;
  readonly signal: AbortSignal;
};

/** Without a compression, which would make a small response a large one. */
const HEADERS = { 'accept-encoding': 'identity', 'user-agent': 'Likeness' };
const MAX_REDIRECTS = 5;
const MAX_ADDRESSES = 8;
const REDIRECTS: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307, 308]);
const NOT_PUBLIC = 'a host that has public addresses only';

/**
 * Sends a GET request to a public address. The addresses of the host are checked, and the connection goes to these: a
 * second response of the DNS cannot lead elsewhere. Redirects are checked in the same way.
 *
 * @throws LinkProblem, or the error of the connection
 */
export async function openLink(link: string, options: OpenOptions): Promise<IncomingMessage> {
  let url = parseWebUrl(link);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    if (url === null) throw new LinkProblem('a redirect to an http(s) URL');
    const response = await send(url, options);
    if (!REDIRECTS.has(response.statusCode)) return response;
    response.destroy();
    const target = parseUrl(response.headers.location ?? '', url.href);
    url = target && parseWebUrl(target.href);
  }
  throw new LinkProblem(`at most ${MAX_REDIRECTS} redirects`);
}

async function send(url: URL, { trustedOrigins, resolve, range, signal }: OpenOptions) {
  const isTrusted = trustedOrigins.has(url.origin);
  const lookup = isTrusted ? {} : { lookup: lookupOf(await publicAddressesOf(url, resolve)) };
  const headers = range === undefined ? HEADERS : { ...HEADERS, range };
  signal.throwIfAborted();
  return responseTo(url, { ...urlToHttpOptions(url), ...lookup, headers, signal, agent: false });
}

async function publicAddressesOf({ hostname }: URL, resolve: Resolve): Promise<readonly string[]> {
  const host = hostname.replace(/^\[|\]$/g, '');
  const addresses = isIP(host) === 0 ? await resolve(host) : [host];
  // Some public and some not: it may be either by the time of the connection.
  if (addresses.length === 0 || !addresses.every(isPublicAddress)) throw new LinkProblem(NOT_PUBLIC);
  return addresses.slice(0, MAX_ADDRESSES);
}

/** Not called for a host that is an address. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, { all }, callback) => {
    const [first] = found;
    if (all === true || first === undefined) callback(null, found);
    else callback(null, first.address, first.family);
  };
}

function responseTo(url: URL, options: RequestOptions): Promise<IncomingMessage> {
  return new Promise((done, failed) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(options);
    request.on('response', done);
    request.on('error', failed);
    // Without an error: the server switched to another protocol.
    request.on('close', () => failed(new Error('the connection was closed')));
    request.end();
  });
}

const RESOLVER_OPTIONS = { timeout: 2000, tries: 2 };

/** Asks the DNS itself: the system's function would hold one of the few threads of this process while it waits. */
export const resolveHost: Resolve = async (host) => {
  const resolver = new Resolver(RESOLVER_OPTIONS);
  const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  return found.flatMap((lookup) => (lookup.status === 'fulfilled' ? lookup.value : []));
};
