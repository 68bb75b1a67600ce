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
 * Two Ed25519 keys: the key set has both, the first one signs.
 * @param saved keys of an earlier `save`, as PKCS#8 PEM; new ones unless there are two
 */
export function createSigningKeys(saved: readonly string[] = []) {
  let keys = saved.length === 2 ? saved.map((pem) => createPrivateKey(pem)) : [newKey(), newKey()];
  return {
    keySet: (): { keys: Jwk[] } => ({ keys: keys.map(jwkOf) }),
    /** The old signing key stays in the set. */
    rotate: () => void (keys = [newKey(), ...keys.slice(0, 1)]),
    save: () => keys.map((key) => key.export({ type: 'pkcs8', format: 'pem' }).toString()),
    sign(message: Signed): string {
      const [current] = keys;
      if (!current) throw new Error('No signing key');
      return sign(null, Buffer.from(signedText(message)), current).toString('hex');
    },
    /** A well-formed signature of a key that is not in the set. */
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
