import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { FAL_KEY } from '../support/fal-key.ts';
import { JWT_SECRET, tokenOf, unsignedTokenOf } from '../support/tokens.ts';
import { randomBytes } from 'node:crypto';
import { S3_SECRET } from '../support/s3-secret.ts';
import { promisify } from 'node:util';
import { complaintsAbout, SECRET_HALF, SECRETS_OF_TESTS, secretsIn } from '../support/secrets-of-tests.ts';

const LOOK = fileURLToPath(new URL('printed-secrets.ts', import.meta.url));
const ORDINARY = ' \u2713 test/story/webhook-once.test.ts (12 tests) 1034ms\n'.repeat(20);

const base64 = (text: string) => Buffer.from(text).toString('base64');

const LEAKS: Readonly<Record<string, readonly string[]>> = {
  'the key of fal': [
    `{"authorization":"${FAL_KEY}"}`,
    `https://fal.example/?key=${encodeURIComponent(FAL_KEY)}`,
    `Basic ${base64(FAL_KEY)}`,
  ],
  'the secret half of the key of fal': [
    `the key is ${SECRET_HALF}.`,
    base64(SECRET_HALF),
    base64(`:${SECRET_HALF}`),
  ],
  'the secret that signs tokens': [
    `AUTH_JWT_SECRET=${JWT_SECRET}`,
    base64(JWT_SECRET),
    encodeURIComponent(JWT_SECRET),
  ],
  'the secret of the bucket': [`S3_SECRET_ACCESS_KEY=${S3_SECRET}`, base64(S3_SECRET)],
  'a token': [`authorization: 'Bearer ${await tokenOf('ada')}'`],
  'the address fal calls back': [`POST /webhooks/fal/${randomBytes(16).toString('hex')} 200`],
  'an authorization of fal': ['"authorization":"Key abc"', 'Authorization: Key x'],
};

describe('in what is printed', () => {
  test('there is an example of every kind of secret', () => {
    expect(Object.keys(LEAKS)).toEqual(SECRETS_OF_TESTS.map(({ name }) => name));
  });

  test.each(Object.entries(LEAKS))('%s is found, in every form, and not said again', (name, texts) => {
    for (const text of texts) {
      const found = secretsIn(`${ORDINARY}${text}\n${ORDINARY}`);
      expect(found.map((secret) => secret.name)).toContain(name);
      expect(found[0]?.line).toBe(21);
      expect(JSON.stringify(found)).not.toContain(text);
    }
  });

  test.each([
    ORDINARY,
    `never redirects and never breaks: /webhooks/fal/${'0'.repeat(32)}/`,
    'the key is in nothing we say when fal echoes it with 401',
    unsignedTokenOf('ada'),
    'Key set fetched',
  ])('nothing is found in what is none', (text) => {
    expect(secretsIn(text)).toEqual([]);
  });
});

describe('the check of all runs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-printed-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function runs(...texts: readonly string[]): Promise<string> {
    const printed = await mkdtemp(join(folder, 'runs-'));
    await Promise.all(texts.map((text, index) => writeFile(join(printed, `${index}.txt`), text)));
    return printed;
  }

  test('has nothing to say when there is none, and something when there is one or nothing to look at', async () => {
    expect(await complaintsAbout(await runs(ORDINARY, ORDINARY))).toEqual([]);
    expect(await complaintsAbout(await runs(ORDINARY, `${ORDINARY}the key is ${SECRET_HALF}\n`))).toEqual([
      '1.txt, line 21: the secret half of the key of fal',
    ]);
    for (const nothing of [await runs(), await runs(''), await runs('x')])
      expect(await complaintsAbout(nothing)).toHaveLength(1);
  });

  test('ends with 1 when there is one, and does not print it again', async () => {
    const printed = await runs(`${ORDINARY}Key ${FAL_KEY}\n`);
    const look = promisify(execFile)(process.execPath, ['--import', 'tsx', LOOK, printed]);
    const { code, stdout } = (await look.catch((error: unknown) => error)) as {
      code: unknown;
      stdout: string;
    };
    expect(code).toBe(1);
    expect(stdout).toContain('0.txt, line 21: the key of fal');
    expect(stdout).not.toContain(SECRET_HALF);
  });
});
