import { LOOPBACK_HOSTS } from '../config/config.ts';

/** Tells whether a page of this origin may speak to this server. */
export type IsAllowedOrigin = (origin: string | null, host: string | null) => boolean;

/**
 * Allowed are clients that are no browser page (they send no Origin), pages of this server's own host, pages of this
 * machine, and those on the list. WebSockets need this: a browser opens one to anywhere, from any page.
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
 * The same where no tokens are used: every page open in the same browser could speak as the local user, so only this
 * machine's own may, and a name that merely resolves to this machine, as a rebinding attack uses, is none of its names.
 */
export const isLocalOrigin: IsAllowedOrigin = (origin, host) =>
  isLocalHost(host) && (origin === null || (URL.canParse(origin) && isLoopback(new URL(origin).hostname)));

function isLocalHost(host: string | null): boolean {
  return host !== null && URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname);
}

function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname.replace(/^\[|\]$/g, ''));
}
