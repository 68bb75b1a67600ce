import { afterEach, describe, expect, it } from 'vitest';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readPicture } from '../../demo/pictures.ts';
import { runDemo, type DemoRun } from './run-demo.ts';

/** Of the demo itself; the first start of a database on a busy machine takes most of it. */
const DEMO_MS = 58_000;

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
  it(
    'trains two avatars, draws from both, shows what it promises and leaves only the pictures',
    async () => {
      run = await runDemo({ extra: HOSTILE });
      const { status, silentMs } = await run.ended;
      expect(run.err()).toBe('');
      expect(status, run.out()).toBe(0);
      expect(silentMs).toBeLessThan(3000);

      const lines = run.out().split('\n');
      expect(lines.filter((line) => line.length >= 80)).toEqual([]);
      expect(run.out()).not.toContain('\u001b');
      const promises = lines.filter((line) => line.includes('✓'));
      expect(run.out()).toContain(`All ${promises.length} promises held`);
      for (const proof of [
        'Starting never waits for the training',
        'a request_id is no model',
        'each newer than the last',
        'answered 401, nothing changed',
        'A portrait is taller than wide',
        'gives LoRA files and no finetune_id',
        'gives a finetune_id and no LoRA',
        'nothing in it but what its endpoint takes',
        "from the LoRA's path, Gouache from the finetune_id",
        'has its trigger once',
        '4 times: each webhook signed, verified, answered 200',
      ]) {
        expect(promises.join('\n')).toContain(proof);
      }
      for (const name of ['Ada', 'Gouache'])
        expect(run.out()).toMatch(new RegExp(`${name} +COMPLETED +100 %`));

      expect((await readdir(join(run.cwd, 'demo-output'))).sort()).toEqual(['ada.jpg', 'gouache.jpg']);
      for (const file of ['ada.jpg', 'gouache.jpg']) {
        const picture = readPicture(await readFile(join(run.cwd, 'demo-output', file)), 'image/jpeg');
        expect(picture.width * picture.height).toBeGreaterThan(500_000);
        expect(run.out()).toContain(`demo-output/${file}  (${picture.width} × ${picture.height}`);
      }
      expect(await readdir(run.cwd)).toEqual(['demo-output']);
      expect(await readdir(run.temp)).toEqual([]);
    },
    DEMO_MS + 2000,
  );

  it(
    'stays with --stay, with photos to drag in, until it is interrupted',
    async () => {
      run = await runDemo({ options: ['--stay'] });
      await run.printed('Ctrl-C');
      expect(run.out()).toMatch(/All \d+ promises held/);
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
    },
    DEMO_MS,
  );

  it('tells how to start it, to an unknown option', async () => {
    run = await runDemo({ options: ['--staay'] });
    expect(await run.ended).toMatchObject({ status: 64 });
    expect(run.err()).toContain('usage: npm run demo [-- --stay]');
  });

  it(
    'ends with 130 when it is interrupted, and leaves nothing behind',
    async () => {
      run = await runDemo();
      await run.printed('Create two avatars');
      run.process.kill('SIGINT');
      const { status } = await run.ended;
      expect(status, run.err()).toBe(130);
      expect(run.err()).toContain('Stopped.');
      expect(run.out()).not.toContain('promises held');
      expect(await readdir(run.temp)).toEqual([]);
    },
    DEMO_MS,
  );

  it(
    'fails with a reason when it cannot save its pictures, before it starts anything',
    async () => {
      run = await runDemo({ prepare: (cwd) => writeFile(join(cwd, 'demo-output'), 'a file') });
      const { status } = await run.ended;
      expect(status).toBe(1);
      expect(run.err()).toMatch(/✗ No pictures can be saved in .*demo-output/);
      expect(run.out()).not.toContain('http://');
      expect(await readdir(run.temp)).toEqual([]);
    },
    DEMO_MS,
  );
});
