import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  AvatarByIdDocument,
  GenerationByIdDocument,
  StartTrainingDocument,
} from '../../src/generated/contract/graphql.ts';
import { createServer } from 'node:http';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import { FAL_KEY } from '../support/fal-key.ts';
import { photos } from '../support/api-client.ts';
import { heldTraining } from '../support/runs-at-fal.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { listenOnLoopback } from '../support/loopback.ts';
import { SECRET_HALF, secretsIn } from '../support/secrets-of-tests.ts';

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

const logged = () => app.log.lines.map((line) => JSON.stringify(line)).join('\n');

describe('the key', () => {
  const state = { status: 500, words: '', submits: 0 };
  const fal = createServer((request, response) => {
    if (request.method === 'POST') state.submits += 1;
    response.writeHead(state.status, { 'content-type': 'application/json', 'retry-after': '0' });
    const { authorization = '' } = request.headers;
    const detail = [{ loc: ['header', authorization], msg: `Bad: ${state.words}`, type: authorization }];
    response.end(JSON.stringify({ detail, error: authorization }));
  });
  let echoed: TestApp;
  beforeAll(async () => {
    const url = await listenOnLoopback(fal);
    echoed = await startTestApp({ env: { FAL_QUEUE_URL: url, AUTH_JWT_SECRET: JWT_SECRET } });
    // Once fal has refused the key.
    echoed.log.expectError('circuit breaker open: fal refuses our key or account');
  });
  afterAll(async () => {
    await echoed.close();
    fal.closeAllConnections();
    fal.close();
  });

  async function everythingSaid(status: number, words: string): Promise<string> {
    Object.assign(state, { status, words, submits: 0 });
    const token = await tokenOf(`ada ${status}`);
    const { id } = await echoed.newAvatar({}, { token });
    const input = { avatarId: id, imagesUrl: photos() };
    const answer = await echoed.ask(StartTrainingDocument, { input }, { token });
    const later = await echoed.ask(AvatarByIdDocument, { id }, { token });
    expect(answer.text).toMatch(/PROVIDER_|SUBMIT_OUTCOME_UNKNOWN/);
    // It was fal who said it.
    expect(state.submits).toBeGreaterThan(0);
    return [answer.text, later.text, ...echoed.log.lines.map((line) => JSON.stringify(line))].join('\n');
  }

  test.each([422, 429, 500, 502])('is in nothing we say when fal echoes it with %i', async (status) => {
    const said = await everythingSaid(status, `"${FAL_KEY}"`);
    for (const secret of [FAL_KEY, JWT_SECRET]) expect(said).not.toContain(secret);
  });

  test.each([
    ['its secret half alone', SECRET_HALF],
    ['it as addresses write it', encodeURIComponent(FAL_KEY)],
  ])('is in nothing we say when fal echoes %s', async (_what, words) => {
    expect(await everythingSaid(422, words)).not.toContain(words);
  });

  // From the first of these on nothing is submitted any more.
  test.each([401, 403])('is in nothing we say when fal refuses it with %i', async (status) => {
    await echoed.restart(async ({ prisma }) => {
      await prisma.circuitBreaker.deleteMany();
    });
    const said = await everythingSaid(status, `"${FAL_KEY}"`);
    for (const secret of [FAL_KEY, SECRET_HALF, JWT_SECRET]) expect(said).not.toContain(secret);
  });
});

test('where things are and what fal calls us back with stand in no line of the log', async () => {
  app.log.expectError('webhook unreadable');
  const avatar = await app.trainedAvatar();
  const style = await app.trainedAvatar({ trainingType: 'STYLE' });
  const image = await app.generate({ avatarId: style.id, waitSeconds: 20 });
  const { generation } = await app.execute(GenerationByIdDocument, { id: image.id });
  const held = await heldTraining(app);
  // Refused deliveries are logged, and their address must not be.
  await app.simulator.deliver({ ...held, body: {}, user: 'other' });
  await app.deliver({ ...held, url: `${held.url}0` }, {});
  await fetch(held.url, { method: 'POST', body: 'junk' });

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
  expect(secretsIn(log)).toEqual([]);
  for (const secret of [...tokens, ...addresses, style.finetuneId ?? 'no finetune'])
    expect(log).not.toContain(secret);
});
