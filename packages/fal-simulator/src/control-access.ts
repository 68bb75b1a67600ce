import { isOwnOrigin } from './addresses.ts';
import type { Exchange } from './exchange.ts';
import { detail, type Reply } from './replies.ts';

/**
 * Keeps web pages away from the switches: whose origin is foreign is refused, and a body has to be declared as JSON,
 * which a page can send nowhere without asking first. Nothing here answers that question. Null for whoever may go on.
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
