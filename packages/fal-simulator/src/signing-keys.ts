import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto';

export type Jwk = { kty: 'OKP'; crv: 'Ed25519'; x: string };
export type Signed = { requestId: string; userId: string; timestamp: string; body: string };
export type SigningKeys = ReturnType<typeof createSigningKeys>;

/**
 * Two ED25519 keys: the key set shows both, the first one signs.
 * @param saved what `save` gave earlier, as PKCS#8 PEM; anything but two keys makes new ones
 */
export function createSigningKeys(saved: readonly string[] = []) {
  let keys = saved.length === 2 ? saved.map((pem) => createPrivateKey(pem)) : [newKey(), newKey()];
  return {
    keySet: (): { keys: Jwk[] } => ({ keys: keys.map(jwkOf) }),
    /** The old signing key stays in the set beside the new one, which receivers cannot have cached. */
    rotate: () => void (keys = [newKey(), ...keys.slice(0, 1)]),
    save: () => keys.map((key) => key.export({ type: 'pkcs8', format: 'pem' }).toString()),
    sign(message: Signed): string {
      const [current] = keys;
      if (!current) throw new Error('No signing key');
      return sign(null, Buffer.from(signedText(message)), current).toString('hex');
    },
    /** Well formed, made with a key that the set never shows. */
    forge: (message: Signed) => sign(null, Buffer.from(signedText(message)), newKey()).toString('hex'),
  };
}

function signedText({ requestId, userId, timestamp, body }: Signed): string {
  return [requestId, userId, timestamp, createHash('sha256').update(body).digest('hex')].join('\n');
}

function newKey(): KeyObject {
  return generateKeyPairSync('ed25519').privateKey;
}

function jwkOf(key: KeyObject): Jwk {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  if (x === undefined) throw new Error('An ED25519 key exports without its x');
  return { kty: 'OKP', crv: 'Ed25519', x };
}
