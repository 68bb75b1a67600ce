import { afterEach, describe, expect, it } from 'vitest';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readImage } from '../../demo/images.ts';
import { runDemo, type DemoRun } from '../support/run-demo.ts';

let run: DemoRun | null = null;
afterEach(() => run?.remove());

/** Settings that would break it, or cost money, if it looked at them. */
const HOSTILE = {
  FAL_KEY: 'a-real-key',
  FAL_QUEUE_URL: 'http://127.0.0.1:1',
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/nothing',
  REDIS_URL: 'redis://127.0.0.1:1',
  AUTH_JWT_SECRET: 'a secret that nobody can sign with',
  NODE_ENV: 'production',
  PORT: '1',
  HOST: '0.0.0.0',
  DATA_DIR: '/nowhere',
};

describe('the demo', () => {
  it('trains two avatars, generates an image of each, passes its checks and leaves only the images', async () => {
    run = await runDemo({ extra: HOSTILE });
    const { status } = await run.ended;
    expect(run.err()).toBe('');
    expect(status, run.out()).toBe(0);

    const lines = run.out().split('\n');
    expect(lines.filter((line) => line.length >= 80)).toEqual([]);
    expect(run.out()).not.toContain('\u001b');
    const promises = lines.filter((line) => line.includes('✓'));
    expect(run.out()).toContain(`All ${promises.length} checks passed`);
    for (const proof of [
      'startTraining returned at once',
      'a request_id is not a model',
      'each newer than the last',
      'got 401 and changed nothing',
      'a portrait is taller than wide',
      'returned LoRA files and no finetune_id',
      'returned a finetune_id and no LoRA',
      'fields of its endpoint only',
      "from the LoRA's path, Gouache from the finetune_id",
      'has its trigger phrase once',
      '4 webhooks: signed, verified, and answered with 200',
    ]) {
      expect(promises.join('\n')).toContain(proof);
    }
    for (const name of ['Ada', 'Gouache']) expect(run.out()).toMatch(new RegExp(`${name} +COMPLETED +100 %`));

    expect((await readdir(join(run.cwd, 'demo-output'))).sort()).toEqual(['ada.jpg', 'gouache.jpg']);
    for (const file of ['ada.jpg', 'gouache.jpg']) {
      const image = readImage(await readFile(join(run.cwd, 'demo-output', file)), 'image/jpeg');
      expect(image.width * image.height).toBeGreaterThan(500_000);
      expect(run.out()).toContain(`demo-output/${file}  (${image.width} × ${image.height}`);
    }
    expect(await readdir(run.cwd)).toEqual(['demo-output']);
    expect(await readdir(run.temp)).toEqual([]);
  });

  it('keeps running with --stay, with photos to upload, until it is interrupted', async () => {
    run = await runDemo({ options: ['--stay'] });
    await run.printed('Ctrl-C');
    expect(run.out()).toMatch(/All \d+ checks passed/);
    const page = /^ +open +(http:\S+)$/m.exec(run.out())?.[1] ?? '';
    const answer = await fetch(page, { headers: { accept: 'text/html' } });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
    const photos = join(run.cwd, 'demo-output', 'photos');
    expect(run.out()).toContain(photos);
    expect((await readdir(photos)).length).toBeGreaterThanOrEqual(12);

    run.process.kill('SIGINT');
    const { status } = await run.ended;
    expect(status, run.err()).toBe(0);
    expect(run.err()).toBe('');
    await expect(fetch(page)).rejects.toThrow();
    expect(await readdir(run.temp)).toEqual([]);
  });

  it('prints its usage for an unknown option', async () => {
    run = await runDemo({ options: ['--staay'] });
    expect(await run.ended).toMatchObject({ status: 64 });
    expect(run.err()).toContain('usage: npm run demo [-- --stay]');
  });

  it('ends with 130 when it is interrupted, and leaves nothing behind', async () => {
    run = await runDemo();
    await run.printed('Create two avatars');
    run.process.kill('SIGINT');
    const { status } = await run.ended;
    expect(status, run.err()).toBe(130);
    expect(run.err()).toContain('Stopped.');
    expect(run.out()).not.toContain('checks passed');
    expect(await readdir(run.temp)).toEqual([]);
  });

  it('fails at once with the reason if it cannot save its images', async () => {
    run = await runDemo({ prepare: (cwd) => writeFile(join(cwd, 'demo-output'), 'a file') });
    const { status } = await run.ended;
    expect(status).toBe(1);
    expect(run.err()).toMatch(/✗ No images can be saved in .*demo-output/);
    expect(run.out()).not.toContain('http://');
    expect(await readdir(run.temp)).toEqual([]);
  });
});
