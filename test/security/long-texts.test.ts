import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { photos } from '../support/api-client.ts';
import { longestPause } from '../support/longest-pause.ts';
import { newSigner } from '../support/signing.ts';
import { ownKeySet, post, signedWebhook } from '../support/signed-webhooks.ts';
import { rawCaller } from '../support/raw-graphql.ts';
import { RawSocket } from '../support/raw-socket.ts';
import { sampleFor } from '../support/sample.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { worstTexts } from '../support/adversarial-texts.ts';

/** As much as a message of 100 KB holds, with what JSON adds. */
const LONG = worstTexts(90_000).map(([what, text]): [string, string] => [what, fitting(text)]);
const ANSWER_CHARACTERS = 20_000;
const LINE_CHARACTERS = 20_000;

const keys = await ownKeySet();
// With hints and playground, as in development, there is more to be said of a wrong request.
const talkative = await startTestApp({
  env: { AUTH_JWT_SECRET: JWT_SECRET, FAL_JWKS_URL: keys.url, LIMIT_COST_PER_MINUTE: 'none' },
});
const production = await startTestApp({
  env: {
    NODE_ENV: 'production',
    AUTH_JWT_SECRET: JWT_SECRET,
    FAL_JWKS_URL: keys.url,
    LIMIT_COST_PER_MINUTE: 'none',
  },
});
afterAll(async () => {
  await talkative.close();
  await production.close();
  keys.close();
});
const token = await tokenOf('ada');
const BOTH: [mode: string, app: TestApp, place: number][] = [
  ['development', talkative, 0],
  ['production', production, 4],
];
const PLACES = 8;

/** No answer and no line of the log may grow with what strangers send. */
async function isHarmless(app: TestApp, work: () => Promise<readonly string[]>): Promise<void> {
  const logged = app.log.lines.length;
  let answers: readonly string[] = [];
  const { pauseMs, allowedMs } = await longestPause(async () => (answers = await work()));
  expect(pauseMs).toBeLessThan(allowedMs);
  for (const answer of answers) expect(answer.length).toBeLessThan(ANSWER_CHARACTERS);
  for (const line of app.log.lines.slice(logged))
    expect(JSON.stringify(line).length).toBeLessThan(LINE_CHARACTERS);
}

function fitting(text: string): string {
  const grows = JSON.stringify(text).length / text.length;
  const bytes = Buffer.byteLength(text) / text.length;
  return text.slice(0, Math.floor(90_000 / Math.max(grows, bytes)));
}

type Body = { readonly query: string } & Readonly<Record<string, unknown>>;

const ask = async (app: TestApp, { query, ...more }: Body, bearer: string | null = token) =>
  (await rawCaller(app.graphqlUrl, bearer).ask(query, more)).text;

const MUTATIONS = {
  createAvatar:
    'mutation ($input: CreateAvatarInput!) { createAvatar(input: $input) { __typename ... on Error { message } } }',
  updateAvatar:
    'mutation ($input: UpdateAvatarInput!) { updateAvatar(input: $input) { __typename ... on Error { message } } }',
  startTraining:
    'mutation ($input: StartTrainingInput!) { startTraining(input: $input) { __typename ... on Error { message } } }',
  generateImage:
    'mutation ($input: GenerateImageInput!) { generateImage(input: $input) { __typename ... on Error { message } } }',
  regenerate:
    'mutation ($input: RegenerateInput!) { regenerate(input: $input) { __typename ... on Error { message } } }',
} as const;

describe.each(BOTH)('in %s a request that holds a long text', (_mode, app, first) => {
  test.each(sampleFor(first, PLACES, LONG))('as a variable: %s', async (_what, text) => {
    const unknown = Object.fromEntries(Array.from({ length: 49 }, (_, index) => [`unknown${index}`, 1]));
    await isHarmless(app, () =>
      Promise.all([
        ask(
          app,
          { query: MUTATIONS.createAvatar, variables: { input: { triggerPhrase: text, ...unknown } } },
          null,
        ),
        ask(app, {
          query: MUTATIONS.createAvatar,
          variables: { input: { triggerPhrase: text, ...unknown } },
        }),
        ask(app, { query: MUTATIONS.createAvatar, variables: { input: { name: text, trainingType: text } } }),
        ask(app, {
          query: MUTATIONS.createAvatar,
          variables: { input: { name: text, trainingType: 'STYLE' } },
        }),
        ask(app, {
          query: MUTATIONS.updateAvatar,
          variables: {
            input: { avatarId: 'x', externalId: text.slice(0, 40_000), tags: [text.slice(0, 40_000)] },
          },
        }),
        ask(app, { query: MUTATIONS.createAvatar, variables: { input: { [text]: text.slice(0, 1) } } }),
        ask(app, {
          query: MUTATIONS.startTraining,
          variables: { input: { avatarId: 'x', imagesUrl: text } },
        }),
        ask(app, {
          query: MUTATIONS.startTraining,
          variables: { input: { avatarId: text, imagesUrl: 'http://x/' } },
        }),
        ask(app, { query: MUTATIONS.generateImage, variables: { input: { avatarId: 'x', prompt: text } } }),
        ask(app, { query: MUTATIONS.regenerate, variables: { input: { generationId: text, prompt: text } } }),
        ask(app, {
          query: 'query ($id: ID!) { avatar(id: $id) { id } node(id: $id) { id } }',
          variables: { id: text },
        }),
        ask(app, {
          query: 'query ($a: String) { avatars(after: $a) { edges { cursor } } }',
          variables: { a: text },
        }),
      ]),
    );
  });

  test.each(sampleFor(first + 1, PLACES, LONG))('in the document or beside it: %s', async (_what, text) => {
    const quoted = JSON.stringify(text.slice(0, 9000));
    const name = text.replaceAll(/\W/g, 'n');
    await isHarmless(app, () =>
      Promise.all([
        ask(app, { query: text }),
        ask(app, { query: text.slice(0, 19_000) }),
        ask(app, { query: `{ ${name.slice(0, 19_000)} }` }),
        ask(app, { query: `{ ${name.slice(0, 19_000)}: __typename }` }),
        ask(app, { query: `{ avatar(id: ${quoted}) { nothing } }` }),
        ask(app, { query: `{ avatars(${name.slice(0, 9000)}: 1) { edges { cursor } } }` }),
        ask(app, { query: `query ${name.slice(0, 19_000)} { __typename }`, operationName: text }),
        ask(app, { query: `# ${text.replaceAll(/[\n\r]/g, ' ').slice(0, 19_000)}\n{ nothing }` }),
        ask(app, { query: '{ __typename }', [text]: 1 }),
        ask(app, { query: '{ __typename }', extensions: text }),
        ask(app, { query: '{ __typename }', variables: text }),
      ]),
    );
  });

  test.each(sampleFor(first + 2, PLACES, worstTexts(8000)))(
    'in a URL or a header: %s',
    async (_what, text) => {
      const encoded = encodeURIComponent(text.toWellFormed()).slice(0, 8000).replace(/%.?$/, '');
      const visible = text.replaceAll(/[^\x20-\x7e]/g, '-');
      const headers = { 'x-graphql-yoga-csrf': '1', authorization: `Bearer ${token}` };
      const get = async (path: string, more: Record<string, string> = headers) =>
        await (await fetch(`${app.url}${path}`, { headers: more })).text();
      await isHarmless(app, () =>
        Promise.all([
          get(`/graphql?query=${encoded}`),
          get(`/graphql?query={__typename}&variables=${encoded}`),
          get(`/graphql?query={__typename}&extensions=${encoded}`),
          get(`/graphql?query={__typename}&${encoded}=1`),
          get(`/${encoded}`),
          get('/graphql?query={__typename}', { ...headers, authorization: `Bearer ${visible}` }),
          get('/graphql?query={__typename}', { ...headers, authorization: visible }),
          get('/graphql?query={__typename}', { ...headers, accept: visible }),
          get('/graphql?query={__typename}', { ...headers, origin: visible }),
          get('/metrics', { authorization: visible }),
          get('/graphql?query={__typename}', { ...headers, cookie: visible }),
        ]),
      );
    },
  );

  test.each(sampleFor(first + 3, PLACES, LONG))('over a socket: %s', async (_what, text) => {
    const stranger = await RawSocket.open(app.graphqlUrl);
    await isHarmless(app, async () => {
      const socket = await RawSocket.connected(app.graphqlUrl, token);
      socket.say({ type: 'ping', payload: { text } });
      socket.subscribe('query', text);
      await socket.until(({ id }) => id === 'query');
      socket.subscribe('variable', MUTATIONS.createAvatar, { input: { triggerPhrase: text } });
      await socket.until(({ id }) => id === 'variable');
      socket.subscribe('event', 'subscription ($id: ID!) { avatarStatus(avatarId: $id) { id } }', {
        id: text,
      });
      await socket.until(({ id }) => id === 'event');
      const frames = socket.frames.map((frame) => JSON.stringify(frame));
      socket.subscribe(text, '{ __typename }');
      await socket.closedWith();
      return frames;
    });
    stranger.say({ type: 'connection_init', payload: { authorization: text, [text]: text.slice(0, 10) } });
    expect(await stranger.closedWith()).toBeGreaterThan(1000);
  });
});

describe('a webhook that holds a long text', () => {
  let url = '';
  let requestId = '';
  beforeAll(async () => {
    talkative.log.expectError('webhook unreadable');
    const { id } = await talkative.newAvatar({}, { token });
    const imagesUrl = photos('stuck-in-queue');
    await talkative.startTraining({ avatarId: id, imagesUrl }, { token });
    const submit = talkative.lastSubmit();
    url = submit.webhookUrl ?? '';
    requestId = submit.requestId ?? '';
  });

  test.each(sampleFor(0, PLACES, LONG))('signed: %s', async (_what, text) => {
    await isHarmless(talkative, async () => {
      const other = { url, requestId, userId: 'anybody' };
      for (const body of [
        text,
        { request_id: text, status: 'OK', payload: {} },
        { request_id: requestId, status: text },
        { request_id: requestId, gateway_request_id: text, status: text, error: text },
      ])
        expect(await post(signedWebhook({ ...other, body }, keys.signer))).toBe(200);
      return [];
    });
  });

  test('signed by nobody', async () => {
    const stranger = newSigner();
    await isHarmless(talkative, async () => {
      for (const [, text] of LONG)
        expect(await post(signedWebhook({ url, requestId, body: text, userId: 'x' }, stranger))).toBe(401);
      return [];
    });
  });
});
