import { join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';
import { FAL_KEY } from './fal-key.ts';
import { JWT_SECRET } from './tokens.ts';
import { S3_SECRET } from './s3-secret.ts';

/** A kind of secret that tests use, and how it is known in a text. */
type SecretKind = { readonly name: string; readonly pattern: RegExp };

/** A key of fal has a half that is a name and a half that is the secret. */
export const SECRET_HALF = FAL_KEY.slice(FAL_KEY.indexOf(':') + 1);

/** Nothing that these fit may stand in what a test run prints, or in a log. */
export const SECRETS_OF_TESTS: readonly SecretKind[] = [
  { name: 'the key of fal', pattern: anyFormOf(FAL_KEY) },
  { name: 'the secret half of the key of fal', pattern: anyFormOf(SECRET_HALF) },
  { name: 'the secret that signs tokens', pattern: anyFormOf(JWT_SECRET) },
  { name: 'the secret of the bucket', pattern: anyFormOf(S3_SECRET) },
  // With its signature: a header and a payload alone let nobody in.
  { name: 'a token', pattern: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{20,}/ },
  // Made-up ones in the names of tests are of one digit.
  { name: 'the address fal calls back', pattern: /\/webhooks\/fal\/(?!(.)\1{31})[0-9a-f]{32}\b/ },
  { name: 'an authorization of fal', pattern: /\bauthorization['"]?\s*[:=]\s*['"]?Key \S/i },
];

/** As it is, as addresses write it, and as base64 does. */
function anyFormOf(secret: string): RegExp {
  const forms = [secret, encodeURIComponent(secret), base64Of(secret), base64Of(`:${secret}`)];
  return new RegExp(forms.map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'));
}

/** Without its end, which depends on what follows. */
function base64Of(text: string): string {
  return Buffer.from(text).toString('base64').replace(/=+$/, '').slice(0, -1);
}

/** The lines of a text with a secret in them, by number and kind; never the secret itself. */
export function secretsIn(text: string): { readonly line: number; readonly name: string }[] {
  return text.split('\n').flatMap((line, index) => {
    const kinds = SECRETS_OF_TESTS.filter(({ pattern }) => pattern.test(line));
    return kinds.map(({ name }) => ({ line: index + 1, name }));
  });
}

/**
 * Looks through what test runs printed, one file a run.
 *
 * @returns a line for every place where a secret stands, without the secret, and one when there is nothing to look through
 */
export async function complaintsAbout(folder: string): Promise<readonly string[]> {
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const found = texts.flatMap((text, index) =>
    secretsIn(text).map(({ line, name }) => `${files[index] ?? ''}, line ${line}: ${name}`),
  );
  const length = texts.reduce((sum, text) => sum + text.length, 0);
  return length < LEAST_PRINTED
    ? [...found, `only ${length} characters: that is not what tests print`]
    : found;
}

/** In characters; less than this is no test run. */
const LEAST_PRINTED = 200;
