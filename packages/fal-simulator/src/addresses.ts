/** Path segments of a URL on this simulator, or null for any other host. Loopback names are one host. */
export function ownPath(url: string, base: string): string[] | null {
  if (!URL.canParse(url)) return null;
  const [there, here] = [new URL(url), new URL(base)];
  const sameName =
    there.hostname === here.hostname || (isLoopback(there.hostname) && isLoopback(here.hostname));
  return sameName && there.port === here.port ? there.pathname.split('/').filter(Boolean) : null;
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether a Host header is a loopback name or that of `base`: protects against DNS rebinding. */
export function isOwnHost(host: string | undefined, base: string): boolean {
  if (host === undefined || !/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)) return false;
  return URL.canParse(`http://${host}`) && isOwnName(new URL(`http://${host}`).hostname, base);
}

/** The same for an Origin header; the opaque origin `null` is refused. */
export function isOwnOrigin(origin: string, base: string): boolean {
  return URL.canParse(origin) && isOwnName(new URL(origin).hostname, base);
}

function isOwnName(hostname: string, base: string): boolean {
  return isLoopback(hostname) || hostname === new URL(base).hostname;
}
