import { isOwnOrigin } from './addresses.ts';
import type { Exchange } from './exchange.ts';
import { detail, type Reply } from './replies.ts';

/**
 * Refuses web pages: requests with a foreign origin, and bodies that are not declared as JSON, for which a browser needs
 * a CORS preflight that nothing here answers. Null: not refused.
 */
export function refuseControl({ method, headers }: Exchange, base: string): Reply | null {
  const { origin } = headers;
  if (origin !== undefined && !isOwnOrigin(origin, base)) return detail(403, 'Not from this origin');
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (method === 'POST' && type !== 'application/json') {
    return detail(415, 'Expected content-type: application/json');
  }
  return null;
}
