import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign,
  verify as verifySignature,
  type KeyObject,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { publicKeyFrom } from '../../src/fal/webhook-keys.ts';
import { readSignedHeaders, readWebhook, TOLERANCE_SECONDS } from '../../src/fal/read-webhook.ts';
import { headersOf, newSigner, signatureOf, type Signed } from '../support/signing.ts';

const SECONDS = 1_760_000_000;
const NOW = SECONDS * 1000;
const MESSAGE: Signed = {
  requestId: '764cabcf-b745-4b3e-ae38-1200304cf45b',
  userId: 'user_1',
  timestamp: String(SECONDS),
  body: Buffer.from('{"status":"OK","payload":{"a":"ä"}}'),
};
const signer = newSigner();
const KEY = keyOf(signer.x);
const SIGNATURE = signatureOf(MESSAGE, signer);
const VALID = { genuine: MESSAGE.requestId };

function keyOf(x: string) {
  const key = publicKeyFrom(x);
  if (key === null) throw new Error(`Expected a public key, got ${x}`);
  return key;
}

type Options = { readonly keys?: KeyObject[]; readonly now?: number; readonly accountId?: string };

/** Reads a webhook with known keys that are never fetched again. */
async function read(body: Uint8Array, headers: Headers, options: Options = {}) {
  const { keys = [KEY], now = NOW, accountId = null } = options;
  const signed = readSignedHeaders(Object.fromEntries(headers), now, accountId);
  if (typeof signed === 'string') return signed;
  const webhook = await readWebhook(signed, body, {
    current: () => Promise.resolve(keys),
    refreshed: () =>
      signed.isStale ? Promise.reject(new Error('fetched for a stale one')) : Promise.resolve(keys),
  });
  if (typeof webhook === 'string') return webhook;
  return signed.isStale ? 'stale' : { genuine: webhook.delivery.requestId };
}

function verified(message: Signed, signature = signatureOf(message, signer), now = NOW) {
  return read(message.body, headersOf(message, signature), { now });
}

/** Reads the valid message with one header changed; null removes it. */
function verifiedWith(name: string, value: string | null) {
  const headers = headersOf(MESSAGE, SIGNATURE);
  if (value === null) headers.delete(name);
  else headers.set(name, value);
  return read(MESSAGE.body, headers);
}

describe('a webhook is valid', () => {
  test('about the run of its request id header', async () => {
    expect(await verified(MESSAGE)).toEqual(VALID);
  });

  test.each([[Buffer.alloc(0)], [Buffer.from([0, 0xff, 0xfe, 0x80])], [Buffer.alloc(1_000_000, 7)]])(
    'with any body',
    async (body) => {
      expect(await verified({ ...MESSAGE, body })).toEqual(VALID);
    },
  );

  test('whichever of the keys signed it', async () => {
    const others = Array.from({ length: 4 }, () => keyOf(newSigner().x));
    for (let place = 0; place <= others.length; place++) {
      const keys = [...others.slice(0, place), KEY, ...others.slice(place)];
      expect(await read(MESSAGE.body, headersOf(MESSAGE, SIGNATURE), { keys })).toEqual(VALID);
    }
  });

  test('up to the tolerance of its timestamp, in both directions', async () => {
    for (const off of [0, TOLERANCE_SECONDS, -TOLERANCE_SECONDS]) {
      expect(await verified({ ...MESSAGE, timestamp: String(SECONDS + off) })).toEqual(VALID);
    }
    const end = NOW + TOLERANCE_SECONDS * 1000;
    expect(await verified(MESSAGE, SIGNATURE, end)).toEqual(VALID);
    expect(await verified(MESSAGE, SIGNATURE, end + 1)).toEqual('stale');
    for (const off of [TOLERANCE_SECONDS + 1, -TOLERANCE_SECONDS - 1, -86_400]) {
      expect(await verified({ ...MESSAGE, timestamp: String(SECONDS + off) })).toEqual('stale');
    }
  });
});

test('the key that signed the last webhook is tried first', async () => {
  const others = [keyOf(newSigner().x), keyOf(newSigner().x)];
  const keys = [...others, KEY];
  for (let times = 0; times < 2; times++) {
    await read(MESSAGE.body, headersOf(MESSAGE, SIGNATURE), { keys });
    expect(keys).toEqual([KEY, ...others]);
  }
});

describe('a genuine webhook', () => {
  const { requestId } = MESSAGE;
  const reading = async (content: string) => {
    const message = { ...MESSAGE, body: Buffer.from(content) };
    const signed = readSignedHeaders(
      Object.fromEntries(headersOf(message, signatureOf(message, signer))),
      NOW,
      null,
    );
    if (typeof signed === 'string') throw new Error(signed);
    const keys = () => Promise.resolve([KEY]);
    return readWebhook(signed, message.body, { current: keys, refreshed: keys });
  };

  test('is a message with the digest of its bytes', async () => {
    const body = JSON.stringify({ request_id: requestId, status: 'OK', payload: {} });
    const digest = createHash('sha256').update(body).digest('hex');
    const event = { kind: 'succeeded', requestId, output: {} };
    const expected = { kind: 'message', message: { requestId, event }, delivery: { requestId, digest } };
    expect(await reading(body)).toMatchObject(expected);
  });

  test('may name its run by the gateway id', async () => {
    const body = JSON.stringify({ request_id: 'run', gateway_request_id: requestId, status: 'OK' });
    expect(await reading(body)).toMatchObject({ kind: 'message', message: { requestId: 'run' } });
  });

  test('is a mismatch when its body names another run', async () => {
    expect(await reading(JSON.stringify({ request_id: 'run', status: 'OK' }))).toBe('mismatch');
  });

  test('is unreadable when its body is', async () => {
    expect(await reading('{')).toMatchObject({ kind: 'unreadable', reason: 'it is not JSON' });
  });
});

describe('a webhook has a bad signature', () => {
  test('without keys, or signed by another key', async () => {
    const headers = headersOf(MESSAGE, SIGNATURE);
    const others = [keyOf(newSigner().x), keyOf(newSigner().x)];
    for (const keys of [[], others]) {
      expect(await read(MESSAGE.body, headers, { keys })).toEqual('bad-signature');
    }
  });

  test('when any bit of its body is flipped', async () => {
    for (let bit = 0; bit < MESSAGE.body.length * 8; bit++) {
      const body = Buffer.from(MESSAGE.body);
      body[bit >> 3] = (body[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(await verified({ ...MESSAGE, body }, SIGNATURE), `bit ${bit}`).toEqual('bad-signature');
    }
  });

  test.each<[Partial<Signed>]>([
    ...['{"status":"OK","payload":{"a":"ä"}', '{"status":"OK","payload":{"a":"ä"}}\n', '', '{}'].map(
      (text): [Partial<Signed>] => [{ body: Buffer.from(text) }],
    ),
    [{ requestId: 'other' }],
    [{ userId: 'user_2' }],
    [{ timestamp: String(SECONDS + 1) }],
    [{ requestId: MESSAGE.userId, userId: MESSAGE.requestId }],
  ])('when the message is changed: %j', async (change) => {
    expect(await verified({ ...MESSAGE, ...change }, SIGNATURE)).toEqual('bad-signature');
    expect(await verified(MESSAGE, signatureOf({ ...MESSAGE, ...change }, signer))).toEqual('bad-signature');
  });
});

test('a webhook of another account than the pinned one is refused', async () => {
  const headers = headersOf(MESSAGE, SIGNATURE);
  expect(await read(MESSAGE.body, headers, { accountId: 'user_1' })).toEqual(VALID);
  for (const pin of ['user_2', 'USER_1', 'user_', 'user_11']) {
    expect(await read(MESSAGE.body, headers, { accountId: pin })).toEqual('other-account');
  }
});

describe('a webhook is malformed', () => {
  const NAMES = ['request-id', 'user-id', 'timestamp', 'signature'].map((part) => `x-fal-webhook-${part}`);

  test.each(NAMES)('without %s, with an empty one, or with two', async (name) => {
    expect(await verifiedWith(name, null)).toEqual('malformed');
    expect(await verifiedWith(name, '')).toEqual('malformed');
    const doubled = headersOf(MESSAGE, SIGNATURE);
    doubled.append(name, doubled.get(name) ?? '');
    expect(await read(MESSAGE.body, doubled)).toEqual('malformed');
  });

  test.each([
    ['127 digits', SIGNATURE.slice(1)],
    ['129 digits', `${SIGNATURE}0`],
    ['upper-case digits', SIGNATURE.toUpperCase()],
    ['a 0x prefix', `0x${SIGNATURE.slice(2)}`],
    ['a letter that is no digit', `g${SIGNATURE.slice(1)}`],
    ['white space inside', `${SIGNATURE.slice(0, 64)} ${SIGNATURE.slice(65)}`],
    ['base64', Buffer.from(SIGNATURE, 'hex').toString('base64')],
  ])('with a signature of %s', async (_what, signature) => {
    expect(await verifiedWith('x-fal-webhook-signature', signature)).toEqual('malformed');
  });

  const TIMES = [
    '',
    '-1',
    '+1760000000',
    '1760000000.0',
    '1.76e9',
    '0x68e77800',
    '1760000000000000',
    'now',
    'NaN',
  ];

  test.each(TIMES)('with the timestamp %j', async (timestamp) => {
    expect(await verified({ ...MESSAGE, timestamp })).toEqual('malformed');
  });

  test.each(['a,b', 'a b', 'é', 'x'.repeat(257)])('with the id %j', async (id) => {
    expect(await verified({ ...MESSAGE, requestId: id })).toEqual('malformed');
    expect(await verified({ ...MESSAGE, userId: id })).toEqual('malformed');
  });

  test('but not with a request id of 256 characters', async () => {
    expect(await verified({ ...MESSAGE, requestId: 'x'.repeat(256) })).toEqual({ genuine: 'x'.repeat(256) });
  });
});

/** RFC 8032, section 7.1, tests 1 to 3: secret key, public key, message, signature. */
const RFC_8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const;

describe('a public key', () => {
  test.each(RFC_8032)(
    'verifies the vector of RFC 8032 with the secret key %s',
    async (secret, publicHex, messageHex, signatureHex) => {
      const message = Buffer.from(messageHex, 'hex');
      const key = keyOf(Buffer.from(publicHex, 'hex').toString('base64url'));
      expect(verifySignature(null, message, key, Buffer.from(signatureHex, 'hex'))).toBe(true);

      // The same secret key signs a webhook, and its public key verifies it.
      const der = Buffer.from(`302e020100300506032b657004220420${secret}`, 'hex');
      const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
      expect(sign(null, message, privateKey).toString('hex')).toBe(signatureHex);
      const signature = signatureOf(MESSAGE, { privateKey, x: '' });
      expect(await read(MESSAGE.body, headersOf(MESSAGE, signature), { keys: [key] })).toEqual(VALID);
    },
  );

  test.each([
    '',
    'A'.repeat(42),
    'A'.repeat(44),
    `${signer.x}=`,
    signer.x.replace(/^./, '+'),
    `${signer.x.slice(0, 42)}\n`,
    'not a key',
  ])('is not made from %j', (x) => {
    expect(publicKeyFrom(x)).toBeNull();
  });

  /**
   * The curve's points of small order and their other encodings, sign bit included: "Taming the many EdDSAs",
   * Chalkias, Garillot and Nikolaenko, 2020, section 4.
   */
  const LOW_ORDER = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  ];

  test.each(LOW_ORDER)('of low order is refused: %s', (hex) => {
    expect(publicKeyFrom(Buffer.from(hex, 'hex').toString('base64url'))).toBeNull();
  });

  test('of low order must be refused: with the identity Node accepts one signature for every message', async () => {
    const identity = `01${'00'.repeat(31)}`;
    const x = Buffer.from(identity, 'hex').toString('base64url');
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    const forged = Buffer.from(identity + '00'.repeat(32), 'hex');
    for (const text of ['', 'a', 'pay me']) {
      expect(verifySignature(null, Buffer.from(text), key, forged)).toBe(true);
    }
    expect(await read(MESSAGE.body, headersOf(MESSAGE, forged.toString('hex')), { keys: [key] })).toEqual(
      VALID,
    );
  });
});
