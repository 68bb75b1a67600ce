import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { eventually } from '../test/support/eventually.ts';
import { freePort } from '../test/support/free-port.ts';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** A first start makes the database. */
const START_MS = 60_000;

/** The built server, whose log goes to a file and so costs nobody else any time. */
type BuiltServer = {
  readonly url: string;
  readonly logBytes: () => Promise<number>;
  readonly end: () => Promise<void>;
};

/** @throws when it is not ready within a minute */
export async function startBuiltServer(env: Readonly<Record<string, string>>): Promise<BuiltServer> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-bench-'));
  const logFile = join(folder, 'server.log');
  const log = await open(logFile, 'w');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { PATH, HOME } = process.env;
  const server = spawn(process.execPath, [MAIN], {
    env: { PATH, HOME, PORT: String(port), DATA_DIR: join(folder, 'data'), ...env },
    stdio: ['ignore', log.fd, 'inherit'],
  });
  const ended = once(server, 'exit');
  const end = async () => {
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGTERM');
    await ended;
    await log.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually(
      'the server to be ready',
      async () => {
        if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}`);
        return (await fetch(`${url}/readyz`).catch(() => null))?.ok === true ? true : null;
      },
      START_MS,
    );
  } catch (error) {
    await end();
    throw error;
  }
  return { url, logBytes: async () => (await stat(logFile)).size, end };
}
