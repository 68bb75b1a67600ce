/**
 * Reads an absolute http(s) URL without credentials.
 * Returns null for anything else (`javascript:`, `data:`, `file:`, relative, `http://user:pw@…`), so that neither a
 * caller nor a provider can make us store or pass on an address that means something else where it is opened.
 */
export function parseWebUrl(text: string): URL | null {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) return null;
  const url = new URL(text);
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.hostname !== '' && url.username === '' && url.password === '' ? url : null;
}

/** In characters; presigned storage URLs stay well below it. */
export const MAX_URL_LENGTH = 4096;
