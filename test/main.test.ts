import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

// Each start builds the server, and a first one creates a database.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const ROOT = fileURLToPath(new URL('..', import.meta.url));

type Run = {
  readonly process: ChildProcess;
  /** All that it printed so far, on both streams. */
  readonly printed: () => string;
  /** Resolves with the first match in what it prints; rejects when it ends without. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
};

function run(command: string, args: readonly string[], settings: Readonly<Record<string, string>>): Run {
  const inherited = ['PATH', 'HOME', 'TMPDIR', 'SystemRoot'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as string | null,
  }));
  return {
    process: child,
    ended,
    printed: () => text,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(text);
          if (match !== null) resolve(match);
        };
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        void ended.then(() => reject(new Error(`it ended without saying ${String(pattern)}:\n${text}`)));
        look();
      }),
  };
}

const start = (settings: Readonly<Record<string, string>>) =>
  run(process.execPath, ['scripts/run.mjs', 'main'], settings);

describe('the server as a process', () => {
  let dataDir: string;
  let server: Run;
  let url: string;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'likeness-main-'));
    server = start({ PORT: '0', DATA_DIR: dataDir });
    [, url = ''] = await server.says(/playground\s+(http:\S+)/);
  });

  afterAll(async () => {
    server.process.kill('SIGKILL');
    await server.ended;
    await rm(dataDir, { recursive: true, force: true });
  });

  test('prints where its playground is, and serves it from its own packages', async () => {
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).toContain('Create an avatar');
    const foreign = [...html.matchAll(/(?:src|href)="(https?:[^"]+)"/g)].map(([, address]) => address);
    expect(foreign).toEqual([]);
  });

  test('says it is alive and ready', async () => {
    expect((await fetch(new URL('/livez', url))).status).toBe(200);
    expect(await (await fetch(new URL('/readyz', url))).json()).toEqual({ status: 'ready' });
  });

  test('refuses a data folder that another process has, and leaves that one in peace', async () => {
    const second = start({ PORT: '0', DATA_DIR: dataDir });
    expect((await second.ended).code).toBe(1);
    expect(second.printed()).toContain(dataDir);
    expect(second.printed()).toContain(String(server.process.pid));
    expect((await fetch(new URL('/readyz', url))).status).toBe(200);
  });

  test('ends with 0 when told to, with a stream open', async () => {
    const stream = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { avatarStatus { id } }' }),
    });
    const streamed = stream.text();
    // Cut: an end in good order would tell the reader that nothing more will ever come.
    const cut = expect(streamed).rejects.toThrow();
    server.process.kill('SIGTERM');
    expect(await server.ended).toEqual({ code: 0, signal: null });
    await cut;
  });
});

test('every problem with the environment is told at once, without secrets, with exit code 78', async () => {
  const { ended, printed } = start({
    PORT: 'http',
    HOST: '0.0.0.0',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://root:hunter2hunter2@localhost/x',
    FAL_QUEUE_URL: 'http://127.0.0.1:1',
    STYLE_TRAINER: 'FLUX_LORA_PORTRAIT',
    RECONCILE_INTERVAL_MS: '1',
  });
  expect((await ended).code).toBe(78);
  for (const name of [
    'PORT',
    'HOST',
    'LOG_LEVEL',
    'DATABASE_URL',
    'FAL_KEY',
    'STYLE_TRAINER',
    'RECONCILE_INTERVAL_MS',
  ]) {
    expect(printed()).toContain(name);
  }
  expect(printed()).not.toContain('hunter2');
});

test.each([
  ['alone', {}],
  ['with SIMULATE left empty', { SIMULATE: '' }],
])('a production server without FAL_KEY does not start %s', async (_what, env) => {
  const { ended, printed } = start({
    PORT: '0',
    NODE_ENV: 'production',
    AUTH_JWT_SECRET: 'sixteen bytes at least',
    ...env,
  });
  expect((await ended).code).toBe(78);
  expect(printed()).toMatch(/FAL_KEY is not set.*SIMULATE=yes/);
  expect(printed()).not.toContain('"msg":"ready"');
});

test('a production server with SIMULATE=yes starts, and says that its results are simulated', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'likeness-simulate-'));
  const server = start({
    PORT: '0',
    DATA_DIR: dataDir,
    NODE_ENV: 'production',
    AUTH_JWT_SECRET: 'sixteen bytes at least',
    SIMULATE: 'yes',
  });
  await server.says(/"msg":"ready"/);
  expect(server.printed()).toContain('SIMULATE=yes: results are simulated');
  server.process.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
  await rm(dataDir, { recursive: true, force: true });
});

test('a server started by npm ends when npm is ended', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'likeness-npm-'));
  const npm = run('npm', ['start'], { PORT: '0', DATA_DIR: dataDir, npm_config_update_notifier: 'false' });
  await npm.says(/Likeness is ready/);
  npm.process.kill('SIGTERM');
  // `ended` waits for the pipes, which the server holds: they close when it is gone.
  await npm.ended;
  expect(npm.printed()).toContain('"msg":"shut down"');
  await rm(dataDir, { recursive: true, force: true });
});
