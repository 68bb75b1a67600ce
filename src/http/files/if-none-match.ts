/** Whether an If-None-Match header names a tag. Weak and strong tags match: proxies that compress make a tag weak. */
export function isKnown(header: string | null | undefined, etag: string): boolean {
  if (header == null) return false;
  return header.split(',').some((one) => one.trim() === '*' || strong(one.trim()) === strong(etag));
}

function strong(tag: string): string {
  return tag.replace(/^W\//, '');
}
