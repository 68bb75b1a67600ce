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
