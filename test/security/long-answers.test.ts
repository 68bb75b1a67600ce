import { describe, expect, test } from 'vitest';
import { errorText, statusResponseSchema, submitResponseSchema } from '../../src/fal/schemas.ts';
import { longestPause } from '../support/longest-pause.ts';
import { parseWebUrl } from '../../src/values/web-url.ts';
import { percentFromLogs } from '../../src/fal/progress.ts';
import { ensureTrigger } from '../../src/catalog/trigger.ts';
import { readPayload } from '../../src/fal/read-webhook.ts';
import { readImages } from '../../src/catalog/images.ts';
import { sampleFor } from '../support/sample.ts';
import { worstTexts } from '../support/adversarial-texts.ts';

/** In characters: what fal may answer with. */
const ANSWER = 2_000_000;

describe('what fal says is read in a time that grows with its length alone', () => {
  const read = async (work: () => unknown) => {
    const { pauseMs, allowedMs } = await longestPause(async () => void work());
    expect(pauseMs).toBeLessThan(allowedMs);
  };

  test.each(sampleFor(0, 4, worstTexts(ANSWER)))('lines of a log: %s', (_what, text) =>
    read(() => percentFromLogs([text])),
  );

  test.each(sampleFor(1, 4, worstTexts(ANSWER)))('words for an error: %s', (_what, text) =>
    read(() => {
      expect((errorText({ detail: text }) ?? '').length).toBeLessThanOrEqual(2000);
      expect((errorText({ error: { message: text } }) ?? '').length).toBeLessThanOrEqual(2000);
      const detail = [{ msg: text, loc: [text], type: text }];
      expect((errorText({ detail }) ?? '').length).toBeLessThanOrEqual(2000);
    }),
  );

  test.each(sampleFor(2, 4, worstTexts(90_000)))('addresses and answers: %s', (_what, text) =>
    read(() => {
      parseWebUrl(text);
      submitResponseSchema.safeParse({ request_id: text, status_url: text });
      readImages({ images: [{ url: text, content_type: text }] });
      readPayload(Buffer.from(JSON.stringify({ request_id: 'x', status: text, error: text })));
    }),
  );

  test.each(sampleFor(3, 4, worstTexts(4000)))('prompts: %s', (_what, text) =>
    read(() => {
      for (const trigger of [text.slice(0, 50), text.slice(0, 1), 'TOK']) ensureTrigger(text, trigger);
    }),
  );

  const MANY = 1_000_000;
  test.each<[what: string, of: () => unknown]>([
    ['faults that are none', () => errorText({ detail: Array.from({ length: MANY }, () => ({})) })],
    ['faults', () => errorText({ detail: Array.from({ length: MANY }, () => ({ msg: 'x' })) })],
    [
      'places of a fault',
      () => errorText({ detail: [{ msg: 'x', loc: Array.from({ length: MANY }, () => 1) }] }),
    ],
    [
      'lines that are none',
      () =>
        statusResponseSchema.parse({ status: 'IN_PROGRESS', logs: Array.from({ length: MANY }, () => 1) }),
    ],
    ['images that are none', () => readImages({ images: Array.from({ length: MANY }, () => ({})) })],
    ['flags', () => readImages({ images: [], has_nsfw_concepts: Array.from({ length: MANY }, () => 1) })],
  ])('a million %s', (_what, of) => read(of));

  test('places that are no names throw nothing', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 20_000; level += 1) deep = [deep];
    for (const loc of [[{ toString: 1 }], [deep], [null, 'body', 'prompt', 3]])
      expect(errorText({ detail: [{ msg: 'bad', loc }] })).toMatch(/bad$/);
  });
});
