import { rm } from 'node:fs/promises';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';

// Each start builds the server.
vi.setConfig({ testTimeout: 60_000 });

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const READY = '"msg":"ready"';

/** Starts the server, kills it when it is ready, and gives what it printed until then and how it ended. */
async function started(
  env: Readonly<Record<string, string>>,
): Promise<{ printed: string; code: number | null }> {
  const { PATH, HOME, TMPDIR } = process.env;
  const server = spawn(process.execPath, ['scripts/run.mjs', 'main'], {
    cwd: ROOT,
    env: { PATH, HOME, TMPDIR, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  const hear = (chunk: Buffer) => {
    printed += chunk.toString();
    if (printed.includes(READY)) server.kill('SIGKILL');
  };
  server.stdout.on('data', hear);
  server.stderr.on('data', hear);
  const [code] = (await once(server, 'close')) as [number | null];
  return { printed, code };
}

test.each<[what: string, env: Readonly<Record<string, string>>]>([
  ['in production', { NODE_ENV: 'production' }],
  ['on all addresses', { HOST: '0.0.0.0' }],
  ['with a secret that can be guessed', { AUTH_JWT_SECRET: 'fifteen letters' }],
])('a server without keys for tokens does not start %s', async (_what, env) => {
  const { printed, code } = await started(env);
  expect(code).toBe(78);
  expect(printed).toMatch(/AUTH_JWKS_URL|AUTH_JWT_SECRET/);
  expect(printed).not.toContain(READY);
  expect(printed).not.toContain('fifteen letters');
});

test.each([
  ['is told once', {}, 1],
  ['is not told where there is one', { AUTH_AUDIENCE: 'likeness' }, 0],
] as const)('that tokens of published keys need no audience %s', async (_what, audience, times) => {
  const dataDir = await copyEmbeddedTemplate();
  const keys = { AUTH_JWKS_URL: 'http://127.0.0.1:9/jwks.json', ...audience };
  const { printed } = await started({ DATA_DIR: dataDir, FAL_KEY: 'none', ...keys });
  await rm(dataDir, { recursive: true, force: true });
  expect(printed).toContain(READY);
  expect(printed.split('\n').filter((line) => line.includes('AUTH_AUDIENCE'))).toHaveLength(times);
});
