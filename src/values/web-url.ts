/**
 * Reads an absolute http(s) URL without credentials.
 * Returns null for anything else (`javascript:`, `data:`, `file:`, relative, `http://user:pw@…`), so that neither a
 * caller nor a provider can make us store or pass on an address that means something else where it is opened.
 */
export function parseWebUrl(text: string): URL | null {
  if (text.length > MAX_URL_LENGTH || ODD_CHARACTERS.test(text) || !text.isWellFormed()) return null;
  let url: URL;
  try {
    // URL.canParse of Node 20 becomes false for non-ASCII text once V8 has optimized its caller.
    url = new URL(text);
  } catch {
    return null;
  }
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && url.hostname !== '' && url.username === '' && url.password === '' ? url : null;
}

/** The URL parser drops or encodes these; what is stored and passed on is the text as it came. */
const ODD_CHARACTERS = /[\p{Cc}\s]/u;

/** In characters; presigned storage URLs stay well below it. */
export const MAX_URL_LENGTH = 4096;
