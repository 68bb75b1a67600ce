import { publicKeyFrom } from './verify-webhook.ts';
import { RemoteJwks } from '../jwks/remote-jwks.ts';
import { z } from 'zod';
import type { KeyObject } from 'node:crypto';
import type { Log } from '../log/log.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const jwksSchema = z.object({
  keys: z
    .array(
      z
        .looseObject({
          x: z.string(),
          kty: z.literal('OKP').optional(),
          crv: z.literal('Ed25519').optional(),
        })
        .nullable()
        .catch(null),
    )
    .max(50),
});

/** fal's public keys, fetched when a webhook needs them. */
export class KeySet extends RemoteJwks<readonly KeyObject[]> {
  /** @param now milliseconds on a clock that never jumps back */
  constructor(url: string, log: Log, now?: () => number) {
    super({
      url,
      parse: ed25519Keys,
      trustedMs: 24 * HOUR,
      cooldownMs: MINUTE,
      onFailure({ error, known }) {
        log.warn({ err: error, knownKeys: known?.length ?? 0 }, 'webhook keys not fetched');
      },
      ...(now === undefined ? {} : { now }),
    });
  }
}

function ed25519Keys(json: unknown): readonly KeyObject[] {
  const { keys } = jwksSchema.parse(json);
  const usable = keys.flatMap((key) => (key === null ? [] : (publicKeyFrom(key.x) ?? [])));
  if (usable.length === 0) throw new Error('no usable ED25519 key in the JWKS');
  return usable;
}
