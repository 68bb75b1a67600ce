import { describe, expect, test } from 'vitest';
import { longestPause } from '../../../test/support/longest-pause.ts';
import { scenariosIn } from '../src/scenarios.ts';
import { firstDetail, type Json, LORA, PORTRAIT, fixture, TINY, ULTRA } from './support/fixture.ts';

const MEGABYTE = 1024 * 1024;
const LONG = 'x'.repeat(MEGABYTE);
/** For errors: room for twenty details that are cut. */
const SHORT_ANSWER = 20_000;

describe('an error quotes the beginning of an input, not all of it', () => {
  test.each<[string, string, Json]>([
    ['a finetune id', ULTRA, { prompt: 'x', finetune_id: LONG, finetune_strength: 1 }],
    ['an archive address', PORTRAIT, { images_data_url: LONG }],
    ['text for a number', LORA, { ...TINY, seed: LONG }],
    ['a list for a text', LORA, { ...TINY, prompt: Array.from({ length: 100_000 }, () => 'long') }],
    ['a large object for a flag', LORA, { ...TINY, sync_mode: { [LONG]: 1 } }],
    ['a hundred thousand wrong LoRAs', LORA, { ...TINY, loras: Array.from({ length: 100_000 }, () => 1) }],
    [
      'twenty LoRAs, all wrong',
      LORA,
      { ...TINY, loras: Array.from({ length: 20 }, () => ({ path: [LONG.slice(0, 400_000)] })) },
    ],
  ])('%s', async (_what, endpoint, input) => {
    const { submit, status, result } = await fixture();
    const run = await submit(endpoint, input);
    const answer = await result(run);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body).length).toBeLessThan(SHORT_ANSWER);
    expect(JSON.stringify((await status(run)).body).length).toBeLessThan(SHORT_ANSWER);
  });

  test('the address of a LoRA that is not here', async () => {
    const { simulator, submit, result } = await fixture();
    const path = `${simulator.url}/files/none/${LONG}`;
    const { body } = await result(await submit(LORA, { ...TINY, loras: [{ path }] }));
    expect(firstDetail(body)).toMatchObject({ type: 'file_download_error' });
    expect(JSON.stringify(body).length).toBeLessThan(SHORT_ANSWER);
  });

  test('a path', async () => {
    const { ask } = await fixture();
    const answers = [
      await ask('GET', `/${'p'.repeat(8_000)}`),
      await ask('POST', `/a/${'p'.repeat(8_000)}`, {}),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(404);
      expect(JSON.stringify(body).length).toBeLessThan(300);
    }
  });
});

test('JSON that is nested millions of levels deep is refused, and what happened can still be read', async () => {
  const { ask, submit, result } = await fixture();
  const nested = (levels: number) => `{"prompt":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  expect((await ask('POST', `/${LORA}`, nested(2 * MEGABYTE))).status).toBe(422);
  expect((await ask('POST', `/${LORA}`, nested(100))).status).toBe(422);
  expect((await result(await submit(LORA, { prompt: JSON.parse('[[[[]]]]') as unknown }))).status).toBe(422);
  const requests = (await ask('GET', '/__simulator/requests')).body as unknown as Json[];
  expect(requests.map(({ answered }) => answered)).toEqual([422, 422, 200]);
});

test.each([
  ['open brackets', '['],
  ['half a scenario', '[[a'],
  ['scenarios that never close', `[[${'a'.repeat(200)}`],
  ['scenarios that close too late', `[[${'a'.repeat(201)}]]`],
])('ten megabytes of %s in a prompt are read in one go', async (_what, piece) => {
  const prompt = piece.repeat(Math.floor((10 * MEGABYTE) / piece.length));
  let found: unknown;
  const { pauseMs, allowedMs } = await longestPause(() => Promise.resolve((found = scenariosIn({ prompt }))));
  expect(found).toEqual([]);
  // A pattern that starts over at every bracket would take hours.
  expect(pauseMs).toBeLessThan(20 * allowedMs);
});

test('who has no key makes the simulator read nothing, keep nothing and use up no program', async () => {
  const { simulator, ask } = await fixture({ apiKeys: ['the:key'] });
  simulator.program({ scenario: 'submit-503' });
  const wrong = await ask('POST', `/${LORA}`, LONG.repeat(11));
  expect(wrong.status).toBe(401);
  expect(simulator.requests()).toMatchObject([{ answered: 401, body: null, scenarios: [] }]);
  const right = await ask('POST', `/${LORA}`, TINY, { authorization: 'Key the:key' });
  expect(right.status).toBe(503);
});

test('of a long input the beginning is remembered', async () => {
  const { simulator, submit } = await fixture();
  await submit(LORA, { ...TINY, prompt: LONG });
  expect(simulator.requests()[0]?.body).toMatch(/^\{"prompt":"x{60000}/);
  expect(String(simulator.requests()[0]?.body).length).toBeLessThan(70_000);
});
