import { verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { publicKeyFrom } from '../../src/fal/webhook-keys.ts';

const FILE = new URL('../fixtures/wycheproof/ed25519_test.json', import.meta.url);

type Vectors = {
  readonly testGroups: readonly {
    readonly publicKey: { readonly pk: string };
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: 'valid' | 'invalid';
    }[];
  }[];
};

test('every Ed25519 vector of Wycheproof is verified as expected', () => {
  const { testGroups } = JSON.parse(readFileSync(FILE, 'utf8')) as Vectors;
  const differing: string[] = [];
  let count = 0;
  for (const { publicKey, tests } of testGroups) {
    const key = publicKeyFrom(Buffer.from(publicKey.pk, 'hex').toString('base64url'));
    for (const { tcId, comment, msg, sig, result } of tests) {
      count += 1;
      const isValid = key !== null && verify(null, Buffer.from(msg, 'hex'), key, Buffer.from(sig, 'hex'));
      if (isValid !== (result === 'valid')) differing.push(`${tcId}: ${comment}`);
    }
  }
  expect(differing).toEqual([]);
  expect(count).toBe(151);
});
