import { afterAll, describe, expect, test } from 'vitest';
import { beginningsOf, ODD_JSON, put, shownPiece, type Piece } from '../support/odd-json.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { exchange } from '../support/http-exchange.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { rawRequest } from '../support/raw-http.ts';
import { sampleFor } from '../support/sample.ts';
import { startTestApp } from '../support/test-app.ts';

const MAX_BYTES = 100_000;

const production = await startTestApp({ env: { NODE_ENV: 'production', AUTH_JWT_SECRET: JWT_SECRET } });
afterAll(() => production.close());

const { graphqlUrl } = production;
const { ask, headers: JSON_HEADERS } = rawCaller(graphqlUrl, await tokenOf('ada'));
const ACCEPTING = { ...JSON_HEADERS, accept: 'application/graphql-response+json' };

/** Sends it and gives what is wrong with the answer, or null: it has to be one that GraphQL knows, 400 or 200. */
async function wrongWith(piece: Piece, headers: Readonly<Record<string, string>>): Promise<string | null> {
  const { status, text } = await exchange(graphqlUrl, { headers, body: put(piece, 'PIECE') });
  const expected = Buffer.byteLength(piece) > MAX_BYTES ? [413] : [200, 400];
  const answer = status === 413 ? null : answerIn(text);
  const isGood = expected.includes(status) && (answer === null || isGraphql(answer));
  return isGood ? null : `${shownPiece(piece)} is answered ${status} ${text.slice(0, 200)}`;
}

function answerIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Data, or a list of at least one error that says something, and no more. */
function isGraphql(answer: unknown): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  const { data, errors } = answer as { data?: unknown; errors?: unknown };
  if (errors === undefined) return typeof data === 'object' && data !== null;
  const messages = Array.isArray(errors) ? (errors as { message?: unknown }[]) : [];
  return (
    messages.length > 0 && messages.every(({ message }) => typeof message === 'string' && message !== '')
  );
}

describe('whatever is posted as JSON is answered with 400, or 200 where it is an operation', () => {
  const REQUEST = '{"query":"query($v: String) { __typename }","variables":{"v":PIECE}}';

  test.each(Object.entries(ODD_JSON))('%s', async (_kind, pieces) => {
    const wrong: (string | null)[] = [];
    for (const piece of sampleFor(0, 4, pieces)) wrong.push(await wrongWith(piece, ACCEPTING));
    for (const piece of sampleFor(1, 4, pieces)) wrong.push(await wrongWith(piece, JSON_HEADERS));
    for (const piece of sampleFor(2, 4, pieces)) wrong.push(await wrongWith(put(piece, REQUEST), ACCEPTING));
    for (const piece of sampleFor(3, 4, pieces))
      wrong.push(await wrongWith(put(piece, '{"query":PIECE}'), ACCEPTING));
    expect(wrong.filter((answer) => answer !== null)).toEqual([]);
    expect(await ask('{ __typename }')).toMatchObject({ status: 200 });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('a request cut off at each of its places', async () => {
    const whole = JSON.stringify({
      query: '{ __typename }',
      variables: { a: [true, null, 1.5e3, '\u00e9'] },
    });
    const answers = await Promise.all(beginningsOf(whole).map((body) => wrongWith(body, ACCEPTING)));
    expect(answers.filter((answer) => answer !== null)).toEqual([]);
    expect(await exchange(graphqlUrl, { headers: ACCEPTING, body: whole })).toMatchObject({ status: 200 });
  });

  test.each(['utf-16', 'latin1', 'nonsense', '"', ''])('a request that calls itself %j', async (charset) => {
    const headers = { ...ACCEPTING, 'content-type': `application/json; charset=${charset}` };
    expect(await wrongWith('{"query":"{ __typename }"}', headers)).toBeNull();
  });
});

describe('a body', () => {
  const padded = (bytes: number) => {
    const bare = JSON.stringify({ query: '{ __typename }', variables: { filler: '' } });
    return bare.replace('""', `"${'x'.repeat(bytes - bare.length)}"`);
  };

  test('of 100 KB is read, and one byte more is too much', async () => {
    const post = (body: string) => exchange(graphqlUrl, { headers: JSON_HEADERS, body });
    expect(await post(padded(MAX_BYTES))).toMatchObject({ status: 200 });
    expect(await post(padded(MAX_BYTES + 1))).toMatchObject({ status: 413 });
  });

  test('is counted when its length is not declared', async () => {
    const { status } = await rawRequest(graphqlUrl, (write) => {
      const body = padded(MAX_BYTES + 1);
      const head = [`POST /graphql HTTP/1.1`, 'Host: x', 'Transfer-Encoding: chunked'];
      const headers = Object.entries(JSON_HEADERS).map(([name, value]) => `${name}: ${value}`);
      write([...head, ...headers, '', ''].join('\r\n'));
      write(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
      return () => undefined;
    });
    expect(status).toBe(413);
  });

  test.each([
    ...[
      '{"query":1}',
      '{"query":null}',
      '{"query":"{a}","variables":[]}',
      '{"variables":{}}',
      '{"query":["{a}"]}',
    ],
    ...[
      '{"query":"{a}","variables":"x"}',
      '{"query":"{a}","operationName":{}}',
      '{"query":"","extensions":[]}',
    ],
  ])('that is no request is the sender’s mistake: %s', async (body) => {
    const { status, text } = await exchange(graphqlUrl, { headers: ACCEPTING, body });
    expect(status, text).toBe(400);
  });
});
