import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import pg from 'pg';
import { eventually } from '../test/support/eventually.ts';
import { freePort } from '../test/support/free-port.ts';

/** Debian keeps the server's programs outside PATH. */
const DEBIAN = '/usr/lib/postgresql';
const START_MS = 30_000;

type PostgresCluster = {
  /** Of an empty database. */
  readonly url: string;
  readonly remove: () => Promise<void>;
};

/** Starts a PostgreSQL server with its default durability; null where its programs are not installed. */
export async function startPostgresCluster(): Promise<PostgresCluster | null> {
  const bin = folderOfPrograms();
  const user = unprivilegedUser();
  if (bin === null || user === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'likeness-cluster-'));
  if ('uid' in user) await chown(folder, user.uid, user.gid);
  const run = (program: string, args: readonly string[]) =>
    spawn(join(bin, program), args, { cwd: folder, stdio: 'ignore', ...user });
  const data = join(folder, 'data');
  const initialised = run('initdb', [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
  ]);
  const [status] = (await once(initialised, 'close')) as [number | null];
  if (status !== 0) throw new Error(`initdb ended with ${status ?? 'a signal'}`);

  const port = await freePort();
  const settings = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=100',
    // A production server gives a quarter of its memory; the default is meant for any machine.
    'shared_buffers=1GB',
  ];
  const server = run('postgres', ['-D', data, '-p', String(port), ...settings.flatMap((one) => ['-c', one])]);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  const remove = async () => {
    if (server.exitCode === null) {
      const ended = once(server, 'close');
      server.kill('SIGQUIT');
      await ended;
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await eventually('PostgreSQL', () => answers(url), START_MS);
  } catch (error) {
    await remove();
    throw error;
  }
  return { url, remove };
}

async function answers(url: string): Promise<true | null> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } catch {
    return null;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function folderOfPrograms(): string | null {
  const folders = (process.env['PATH'] ?? '').split(':');
  if (existsSync(DEBIAN)) {
    const versions = readdirSync(DEBIAN).toSorted().reverse();
    folders.push(...versions.map((version) => join(DEBIAN, version, 'bin')));
  }
  const hasAll = (folder: string) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name)));
  return folders.find(hasAll) ?? null;
}

/** PostgreSQL refuses to run as root: then the user postgres runs it. Null if there is none. */
function unprivilegedUser(): { readonly uid: number; readonly gid: number } | Record<string, never> | null {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, 'postgres']);
    return status === 0 ? Number(stdout.toString()) : null;
  });
  return uid == null || gid == null ? null : { uid, gid };
}
