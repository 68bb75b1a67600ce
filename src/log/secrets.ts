/** In characters. A shorter secret is a placeholder, and may be a word that texts need. */
const MIN_SECRET_LENGTH = 8;

export function isRedacted(secret: string): boolean {
  return secret.length >= MIN_SECRET_LENGTH;
}

/** fal's key as a text may show it: whole, in a URL, and its secret half after the colon. */
export function formsOfFalKey(key: string): string[] {
  return [key, encodeURIComponent(key), key.slice(key.indexOf(':') + 1)].filter(isRedacted);
}
