import { LOOPBACK_HOSTS } from '../config.ts';

/**
 * Where no tokens are used, every page open in the same browser could speak as the local user. So only pages and
 * clients of this machine may: those without an Origin (no browser page), or with a loopback one.
 */
export function isLocalOrigin(origin: string | null): boolean {
  return origin === null || (URL.canParse(origin) && isLoopback(new URL(origin).hostname));
}

/** False for a name that merely resolves to this machine, as a rebinding attack uses. */
export function isLocalHost(host: string | null): boolean {
  return host !== null && URL.canParse(`http://${host}`) && isLoopback(new URL(`http://${host}`).hostname);
}

function isLoopback(hostname: string): boolean {
  return LOOPBACK_HOSTS.has(hostname.replace(/^\[|\]$/g, ''));
}
