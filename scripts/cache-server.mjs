// Makes V8's cache of the built server's compiled code.
import { SignJWT } from 'jose';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

const SECRET = 'of a server that only this build can reach';

/**
 * Starts the server with a database of its own, sends a query and ends the server: the cache has the code that ran.
 *
 * @param {string} dist
 * @param {string} bundle its file name
 */
export async function cacheServer(dist, bundle) {
  const dataDir = await mkdtemp(join(tmpdir(), 'likeness-build-'));
  const script = fileURLToPath(new URL('cache-bundle.cjs', import.meta.url));
  const child = spawn(process.execPath, [script, join(dist, 'run-bundle.js'), join(dist, bundle)], {
    env: {
      NODE_ENV: 'production',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: dataDir,
      AUTH_JWT_SECRET: SECRET,
      FAL_KEY: 'build',
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const ended = once(child, 'close');
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += chunk));
  try {
    await query(await addressOf(child.stdout));
  } finally {
    if (child.connected) child.send('end');
    const [code] = await ended;
    await rm(dataDir, { recursive: true });
    if (code !== 0) throw new Error(`The server that was to be cached exited with ${code}: ${printed}`);
  }
}

/** Resolves once the server's log says that it is ready. */
async function addressOf(log) {
  for await (const line of createInterface({ input: log })) {
    const { msg, url } = JSON.parse(line);
    if (msg === 'ready') return url;
  }
  throw new Error('The server ended');
}

async function query(url) {
  const token = await new SignJWT({ sub: 'build' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1h')
    .sign(Buffer.from(SECRET));
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ avatars(first: 1) { edges { node { id } } } }' }),
  });
  const text = await response.text();
  if (response.status !== 200 || text.includes('"errors"')) throw new Error(`${response.status}: ${text}`);
}
