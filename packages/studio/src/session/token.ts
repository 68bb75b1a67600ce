/** Three parts of base64url, as every signed JSON Web Token has. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The token in what a user pasted: perhaps with `Bearer`, quotes or line breaks. Null: there is none. */
export function tokenIn(text: string): string | null {
  const token = text.replace(/^\s*(?:authorization:\s*)?(?:bearer\s+)?/i, '').replace(/[\s"']/g, '');
  return TOKEN.test(token) ? token : null;
}

/** When a token expires, in milliseconds; null: never, or it does not say. */
export function expiryOf(token: string): number | null {
  try {
    const [, part = ''] = token.split('.');
    const { exp } = JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : null;
  } catch {
    return null;
  }
}
