import { LOOPBACK_HOSTS } from '../config/config.ts';
import { parseUrl } from '../values/web-url.ts';

/** Whether a page of this origin may use the API. */
export type IsAllowedOrigin = (origin: string | null, host: string | null) => boolean;

/**
 * Allows clients without an Origin (not a browser), pages of the server's own host, pages of this machine, and listed
 * origins. Browsers do not apply CORS to WebSockets, so the server checks the origin itself.
 *
 * @param listed origins such as `https://app.example.com`; `*` allows every page
 */
export function originCheck(listed: readonly string[]): IsAllowedOrigin {
  const allowed = new Set(listed);
  return (origin, host) => {
    if (origin === null || allowed.has('*') || allowed.has(origin)) return true;
    const url = parseUrl(origin);
    if (url === null) return false;
    return isLoopback(url) || url.host === host;
  };
}

/**
 * The check without tokens, where every page in a local browser could act as the local user: origin and host must be
 * loopback names. A DNS rebinding attack uses another name that resolves to this machine.
 */
export const isLocalOrigin: IsAllowedOrigin = (origin, host) =>
  isLocalHost(host) && (origin === null || isLoopback(parseUrl(origin)));

function isLocalHost(host: string | null): boolean {
  return host !== null && isLoopback(parseUrl(`http://${host}`));
}

function isLoopback(url: URL | null): boolean {
  return url !== null && LOOPBACK_HOSTS.has(url.hostname.replace(/^\[|\]$/g, ''));
}
