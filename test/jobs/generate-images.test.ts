import { expect, test } from 'vitest';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { generateImages, type GenerateImagesItem } from '../../src/jobs/generate-images.ts';
import { InFlight } from '../../src/async/in-flight.ts';
import { memoryLog } from '../support/memory-log.ts';
import type { GenerateImageDeps } from '../../src/jobs/generate-image.ts';

const AVATAR = {
  trainingType: 'PORTRAIT',
  triggerPhrase: 'ad4',
  status: 'COMPLETED',
  artifact: {
    trainer: 'FLUX_LORA_FAST',
    value: { kind: 'LORA', loraUrl: 'https://files.example/lora', configUrl: null },
  },
} as const;

/** The database fails for prompts with "broken". */
function fixture() {
  const log = memoryLog();
  const sent: unknown[] = [];
  const deps: GenerateImageDeps = {
    catalog: BUILT_IN,
    store: {
      findAvatar: async () => AVATAR,
      createGeneration: async (job, { id, prompt }) => {
        if (prompt.includes('broken')) throw new Error(`a fault of the test: ${prompt}`);
        return { done: { jobId: job.id, generationId: id } };
      },
      rehearseGeneration: async () => ({ done: { isRepeat: false, nearLimits: [] } }),
      findSubmitOutcome: async () => null,
      switchTo: async () => false,
      load: async () => null,
      save: async () => ({ kind: 'stale' }),
      deleteFromOutbox: async () => undefined,
    },
    goneEndpoints: { remember: async () => undefined },
    provider: {
      submit: async ({ input }) => {
        sent.push(input['prompt']);
        return { kind: 'unknown', message: 'cut' };
      },
    },
    waitForGeneration: async () => undefined,
    publisher: { publish: async () => undefined },
    log,
    metrics: { submitted: () => undefined, runEnded: () => undefined },
    inFlight: new InFlight(),
    newCallbackToken: () => '0'.repeat(32),
    settings: { callbackBase: null, pollIntervalMs: 3000, retentionDays: { artifacts: null, images: null } },
  };
  const generate = (...prompts: string[]) => {
    const items = prompts.map((prompt): GenerateImagesItem => ({ prompt }));
    return generateImages(deps, 'owner', { avatarId: 'avt', items });
  };
  return { generate, log, sent };
}

test('an unexpected fault of an item is its own result, and the others are submitted', async () => {
  const { generate, log, sent } = fixture();
  const answer = await generate('tea', 'broken', 'milk');
  const generationId = expect.stringMatching(/^gen_/) as string;
  const message = expect.stringMatching(/^Unexpected error\..* correlation ID [\w-]{36}\.$/) as string;
  expect(answer).toEqual({
    done: {
      results: [
        { done: { generationId } },
        { refused: { code: 'INTERNAL_ERROR', message } },
        { done: { generationId } },
      ],
    },
  });
  expect(sent).toEqual(['ad4, tea', 'ad4, milk']);
  expect(log.lines.map(({ fields }) => fields)).toMatchObject([
    { err: { message: 'a fault of the test: broken' } },
  ]);
});

test('a call in which every item failed unexpectedly fails as a whole, and logs every fault', async () => {
  const { generate, log } = fixture();
  await expect(generate('broken tea', 'broken milk')).rejects.toThrow('a fault of the test: broken tea');
  expect(log.lines.map(({ fields }) => fields)).toMatchObject([
    { err: { message: 'a fault of the test: broken tea' } },
    { err: { message: 'a fault of the test: broken milk' } },
  ]);
});
