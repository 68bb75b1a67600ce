import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export type Signer = {
  readonly privateKey: KeyObject;
  /** The public key as a key set publishes it: base64url of 32 bytes. */
  readonly x: string;
};

export function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  if (x === undefined) throw new Error('an Ed25519 key has an x');
  return { privateKey, x };
}

export type Signed = {
  readonly requestId: string;
  readonly userId: string;
  /** Unix time in seconds, as text. */
  readonly timestamp: string;
  readonly body: Uint8Array;
};

/** The signature fal's documentation describes, computed here rather than by what is tested. */
export function signatureOf({ requestId, userId, timestamp, body }: Signed, { privateKey }: Signer): string {
  const digest = createHash('sha256').update(body).digest('hex');
  return sign(null, Buffer.from(`${requestId}\n${userId}\n${timestamp}\n${digest}`), privateKey).toString(
    'hex',
  );
}

export function headersOf(signed: Signed, signature: string): Headers {
  return new Headers({
    'X-Fal-Webhook-Request-Id': signed.requestId,
    'X-Fal-Webhook-User-Id': signed.userId,
    'X-Fal-Webhook-Timestamp': signed.timestamp,
    'X-Fal-Webhook-Signature': signature,
  });
}
