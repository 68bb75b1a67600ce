import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** Where Debian keeps the programs that it does not put into the path. */
const DEBIAN = '/usr/lib/postgresql';

/** The folder of initdb and postgres; null where PostgreSQL's server is not installed. */
export const postgresPrograms: string | null = programs();

/** A PostgreSQL server of one test's own, which can be stopped. */
export type PostgresCluster = {
  /** Of an empty database. */
  readonly url: string;
  readonly port: number;
  /** Ends every connection and the server, as a crash of it would. */
  readonly stop: () => Promise<void>;
  /** Resolves when it answers. */
  readonly start: () => Promise<void>;
  readonly remove: () => Promise<void>;
};

/** @param options.durable commits are synced to the disk, as in production */
export async function startPostgresCluster({ durable = false } = {}): Promise<PostgresCluster> {
  if (postgresPrograms === null) throw new Error('PostgreSQL is not installed here');
  const bin = postgresPrograms;
  const owner = ownerOfServers();
  const folder = await mkdtemp(join(tmpdir(), 'likeness-cluster-'));
  if (owner !== null) await chown(folder, owner.uid, owner.gid);
  const run = (program: string, args: readonly string[]) =>
    spawn(join(bin, program), args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], ...owner });
  const data = join(folder, 'data');
  const made = run('initdb', [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
  ]);
  const words = textOf(made);
  const [status] = (await once(made, 'close')) as [number | null];
  if (status !== 0) throw new Error(`initdb failed: ${words()}`);

  const port = await freePort();
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  let server: ChildProcess | null = null;
  const stop = async () => {
    if (server === null) return;
    const ended = once(server, 'close');
    server.kill('SIGQUIT');
    await ended;
    server = null;
  };
  const start = async () => {
    const settings = [
      'listen_addresses=127.0.0.1',
      'unix_socket_directories=',
      `fsync=${durable ? 'on' : 'off'}`,
      'max_connections=60',
    ];
    server = run('postgres', [
      '-D',
      data,
      '-p',
      String(port),
      ...settings.flatMap((setting) => ['-c', setting]),
    ]);
    server.stderr?.resume();
    await eventually('PostgreSQL', () => answers(url), 30_000);
  };
  await start();
  return {
    url,
    port,
    stop,
    start,
    async remove() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string): Promise<true | null> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function textOf(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

function programs(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(':')];
  if (existsSync(DEBIAN)) {
    for (const version of readdirSync(DEBIAN).toSorted().reverse())
      folders.push(join(DEBIAN, version, 'bin'));
  }
  const found = folders.find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  );
  return found !== undefined && (process.getuid?.() !== 0 || ownerOfServers() !== null) ? found : null;
}

/** PostgreSQL refuses to run as root. Null for everybody else, who runs it as themselves. */
function ownerOfServers(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres']);
    return status === 0 ? Number(stdout.toString()) : null;
  });
  return uid == null || gid == null ? null : { uid, gid };
}
