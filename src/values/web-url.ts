/**
 * Parses an absolute http(s) URL without credentials. Null for any other text (`javascript:`, `data:`, `file:`,
 * relative, `http://user:pw@…`), so that no caller and no provider can have a harmful address stored.
 */
export function parseWebUrl(text: string): URL | null {
  if (text.length > MAX_URL_LENGTH || ODD_CHARACTERS.test(text) || !text.isWellFormed()) return null;
  const url = parseUrl(text);
  if (url === null) return null;
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.hostname !== '' && url.username === '' && url.password === '' ? url : null;
}

/** The URL parser drops or encodes these, but the original text is stored. */
const ODD_CHARACTERS = /[\p{Cc}\s]/u;

/** In characters; presigned storage URLs are shorter. */
export const MAX_URL_LENGTH = 4096;

/** Null for text that is no URL. URL.canParse of Node 20 refuses non-ASCII text once V8 has optimized its caller. */
export function parseUrl(text: string, base?: string): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}
