import { createPublicKey, type KeyObject } from 'node:crypto';
import { RemoteJwks } from '../jwks/remote-jwks.ts';
import { keySetSchema } from './schemas.ts';
import { DAY_MS, MINUTE_MS } from '../values/units.ts';
import type { Log } from '../log/log.ts';

/** fal's public keys, fetched when a webhook needs them. */
export class WebhookKeys extends RemoteJwks<KeyObject[]> {
  /** @param now milliseconds on a clock that never jumps back */
  constructor(url: string, log: Log, now?: () => number) {
    super({
      url,
      parse: ed25519Keys,
      trustedMs: DAY_MS,
      cooldownMs: MINUTE_MS,
      onFailure({ error, known }) {
        log.warn({ err: error, knownKeys: known?.length ?? 0 }, 'webhook keys not fetched');
      },
      ...(now === undefined ? {} : { now }),
    });
  }
}

function ed25519Keys(json: unknown): KeyObject[] {
  const { keys } = keySetSchema.parse(json);
  const usable = keys.flatMap((key) => (key === null ? [] : (publicKeyFrom(key.x) ?? [])));
  if (usable.length === 0) throw new Error('no usable ED25519 key in the JWKS');
  return usable;
}

/**
 * A public key from the `x` of a JWK (base64url of 32 bytes); null when it is invalid. Points of low order are invalid:
 * Node imports them, and with such a key one signature fits any message.
 */
export function publicKeyFrom(x: string): KeyObject | null {
  if (!/^[A-Za-z0-9_-]{43}$/.test(x)) return null;
  const bytes = Buffer.from(x, 'base64url');
  if (bytes.length !== 32 || isLowOrder(bytes)) return null;
  try {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  } catch {
    return null;
  }
}

/**
 * The y coordinates of the curve's eight points of small order, in their canonical and non-canonical encodings
 * (little-endian hex, sign bit cleared). Source: "Taming the many EdDSAs", Chalkias, Garillot, Nikolaenko, 2020, table 6.
 */
const LOW_ORDER_Y = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

function isLowOrder(key: Buffer): boolean {
  const y = Buffer.from(key);
  y[31] = (y[31] ?? 0) & 0x7f;
  return LOW_ORDER_Y.has(y.toString('hex'));
}
