/** Three parts of base64url, as every signed JSON Web Token has. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** The token in a pasted text, which may have `Bearer`, quotes or line breaks. Null: there is none. */
export function tokenIn(text: string): string | null {
  const token = text.replace(/^\s*(?:authorization:\s*)?(?:bearer\s+)?/i, '').replace(/[\s"']/g, '');
  return TOKEN.test(token) ? token : null;
}

/** The expiry of a token, in milliseconds since 1970; null: it has none. */
export function expiryOf(token: string): number | null {
  try {
    const [, part = ''] = token.split('.');
    const { exp } = JSON.parse(atob(part.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : null;
  } catch {
    return null;
  }
}
