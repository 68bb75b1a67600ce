import { afterAll, describe, expect, test } from 'vitest';
import { heldTraining, okFor, portraitResult } from '../support/runs-at-fal.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';

const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

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

    expect(await app.deliver(held, okFor(held.requestId, payload))).toBe(200);
    expect(await app.avatarNow(held.avatarId)).toMatchObject({
      status: 'FAILED',
      isReady: false,
      diffusersLoraFileUrl: null,
      error: { code: 'RESULT_INVALID' },
    });
  });

  test('pictures at any of them', async () => {
    const { id: avatarId } = await app.trainedAvatar({ trainingType: 'STYLE' });
    for (const url of ODD.slice(0, 8)) {
      const { id } = await app.generate({ avatarId, prompt: 'tea [[stuck-in-queue]]' });
      const run = app.lastRun();
      await app.deliver(run, okFor(run.requestId, { images: [{ url }], seed: 1 }));
      const generation = await app.generation(id);
      expect(generation).toMatchObject({ status: 'FAILED', imageUrl: null, images: [] });
      expect(generation?.error?.code).toBe('RESULT_INVALID');
    }
  });
});
