import { LOOPBACK_HOSTS } from '../config/config.ts';

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
    if (!URL.canParse(origin)) return false;
    const url = new URL(origin);
    return isLoopback(url.hostname) || url.host === host;
  };
}

/**
 * The check without tokens, where every page in a local browser could act as the local user: origin and host must be
 * loopback names. A DNS rebinding attack uses another name that resolves to this machine.
 */
export const isLocalOrigin: IsAllowedOrigin = (origin, host) =>
  isLocalHost(host) && (origin === null || (URL.canParse(origin) && isLoopback(new URL(origin).hostname)));

function isLocalHost(host: string | null): boolean {
  return host !== null && URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname);
}

function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname.replace(/^\[|\]$/g, ''));
}
