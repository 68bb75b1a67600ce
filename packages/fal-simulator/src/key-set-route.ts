import type { Overrides } from './overrides.ts';
import { detail, json, page, type Reply } from './replies.ts';
import type { SigningKeys } from './signing-keys.ts';

/** The neutral element of the curve: an unchecked verifier accepts one signature for every message under it. */
const LOW_ORDER_X = Buffer.concat([Buffer.from([1]), Buffer.alloc(31)]).toString('base64url');
const HUGE_BYTES = 5 * 1024 * 1024;

export function keySetRoute(keys: SigningKeys, overrides: Overrides): Reply {
  for (const scenario of overrides.forKeySet()) {
    if (scenario === 'jwks-down') return detail(503, 'Service unavailable');
    if (scenario === 'jwks-empty') return json(200, { keys: [] });
    if (scenario === 'jwks-junk') return page(200, 'Maintenance');
    if (scenario === 'jwks-low-order')
      return json(200, { keys: [{ kty: 'OKP', crv: 'Ed25519', x: LOW_ORDER_X }] });
    if (scenario === 'jwks-huge') return json(200, { ...keys.keySet(), filler: 'x'.repeat(HUGE_BYTES) });
    if (scenario === 'jwks-hang') return { kind: 'hang' };
  }
  return json(200, keys.keySet(), { 'cache-control': 'public, max-age=3600' });
}
