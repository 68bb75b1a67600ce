import { mkdtemp, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { launchServer, startServer, type Server } from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let dataDir: string;
beforeAll(async () => {
  dataDir = await copyEmbeddedTemplate();
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe('the server as a process', () => {
  let server: Server;
  beforeAll(async () => {
    server = await startServer({ DATA_DIR: dataDir });
  });
  afterAll(() => server.kill());

  test('prints where its playground is, and serves it from its own packages', async () => {
    const page = await fetch(server.graphqlUrl, { headers: { accept: 'text/html' } });
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).toContain('Create an avatar');
    const foreign = [...html.matchAll(/(?:src|href)="(https?:[^"]+)"/g)].map(([, address]) => address);
    expect(foreign).toEqual([]);
    expect(server.printed).toContain(`playground  ${server.graphqlUrl}`);
  });

  test('is alive and ready', async () => {
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);
    expect(await server.readiness()).toEqual({ status: 200, body: { status: 'ready' } });
  });

  test('refuses a data folder that another process has, and leaves that one in peace', async () => {
    const second = await launchServer({ DATA_DIR: dataDir });
    expect((await second.exited).code).toBe(1);
    expect(second.printed).toContain(dataDir);
    expect(second.printed).toContain(String(server.pid));
    expect((await server.readiness()).status).toBe(200);
  });

  test('ends with 0 on SIGTERM, and cuts an open stream', async () => {
    const stream = await fetch(server.graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { avatarStatus { id } }' }),
    });
    // A completed stream would mean that no more events follow.
    const cut = expect(stream.text()).rejects.toThrow();
    expect(await server.terminate()).toEqual({ code: 0, signal: null });
    await cut;
  });
});

test('every problem with the environment is printed at once, without secrets, with exit code 78', async () => {
  const server = await launchServer({
    HOST: '0.0.0.0',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://root:hunter2hunter2@localhost/x',
    FAL_QUEUE_URL: 'http://127.0.0.1:1',
    STYLE_TRAINER: 'FLUX_LORA_PORTRAIT',
    TRAINERS_FILE: '/no/such/file',
    RECONCILE_INTERVAL_MS: '1',
  });
  expect((await server.exited).code).toBe(78);
  for (const name of [
    'HOST',
    'LOG_LEVEL',
    'DATABASE_URL',
    'FAL_KEY',
    'STYLE_TRAINER',
    'TRAINERS_FILE',
    'RECONCILE_INTERVAL_MS',
  ]) {
    expect(server.printed).toContain(name);
  }
  expect(server.printed).not.toContain('hunter2');
});

test('a production server with SIMULATE=yes starts, and logs that its results are simulated', async () => {
  const server = await startServer({
    DATA_DIR: dataDir,
    NODE_ENV: 'production',
    AUTH_JWT_SECRET: 'sixteen bytes at least',
    SIMULATE: 'yes',
  });
  expect(server.log.map(({ msg }) => msg)).toContainEqual(
    expect.stringContaining('SIMULATE=yes: results are simulated'),
  );
  expect((await server.terminate()).code).toBe(0);
});

test('a server whose bucket does not answer starts without photos', async () => {
  const server = await startServer({
    DATA_DIR: dataDir,
    NODE_ENV: 'production',
    AUTH_JWT_SECRET: 'sixteen bytes at least',
    FAL_KEY: 'key',
    S3_BUCKET: 'bucket',
    S3_ENDPOINT: 'http://127.0.0.1:9',
    S3_ACCESS_KEY_ID: 'id',
    S3_SECRET_ACCESS_KEY: 'secret',
  });
  const warning = server.log.find(({ msg }) => msg === 'photo storage unavailable');
  expect(JSON.stringify(warning)).toContain('ECONNREFUSED');
  expect((await server.terminate()).code).toBe(0);
});

test('npm start creates a database that only its user can read, and ends when npm is ended', async () => {
  const { PATH, HOME, TMPDIR, SystemRoot } = process.env;
  const folder = await mkdtemp(join(tmpdir(), 'likeness-npm-'));
  const npm = spawn('npm', ['start'], {
    cwd: ROOT,
    env: { PATH, HOME, TMPDIR, SystemRoot, PORT: '0', DATA_DIR: folder, npm_config_update_notifier: 'false' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  // The server holds the pipes: they close when it is gone.
  const ended = once(npm, 'close');
  const ready = new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      printed += chunk.toString();
      if (printed.includes('Likeness is ready')) resolve();
    };
    npm.stdout.on('data', read);
    npm.stderr.on('data', read);
    void ended.then(() => reject(new Error(`npm ended early:\n${printed}`)));
  });
  await ready;
  npm.kill('SIGTERM');
  await ended;
  expect(printed).toContain('"msg":"shut down"');
  if (process.platform !== 'win32') {
    expect(((await stat(join(folder, 'postgres'))).mode & 0o777).toString(8)).toBe('700');
  }
  await rm(folder, { recursive: true, force: true });
});
