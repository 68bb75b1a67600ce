import { createHash, randomUUID } from 'node:crypto';
import { readdir, realpath, rename, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { socketsInDataDir, socketsInTemporaryFolder, type SocketFolder } from './socket-folder.ts';
import { ask, listen, type LockStatus, type LockServer } from './lock-socket.ts';
import type { OperatorLog } from '../log/log.ts';
import { errorCodeOf } from '../values/error-code.ts';

/** A running process uses the folder; two writers would lose each other's rows. */
export class DataDirInUseError extends Error {
  override name = 'DataDirInUseError';
  readonly dataDir: string;
  /** As the holder reports it, which may run in another container. Undefined when it did not answer. */
  readonly pid: number | undefined;
  /** For messages: `process 42`. */
  readonly holder: string;

  constructor(dataDir: string, pid: number | undefined) {
    const holder =
      pid === undefined ? 'another process' : pid === process.pid ? 'this process' : `process ${pid}`;
    super(
      `The data folder ${dataDir} is in use by ${holder}. Stop that one first, or give this one a folder of its own ` +
        `(DATA_DIR); several instances on the same data need PostgreSQL (DATABASE_URL).`,
    );
    this.dataDir = dataDir;
    this.pid = pid;
    this.holder = holder;
  }
}

export type FolderLock = { release: () => Promise<void> };

/** The start of a lock socket's name. */
export const PREFIX = 'lock.';
const RETRY_MS = 20;
/** A starting process decides within milliseconds; one that takes longer is stuck, and it keeps the lock. */
const UNDECIDED_FOR_MS = 10_000;
/** Errors of file systems without sockets: some network and desktop shares. */
const NO_SOCKETS = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/**
 * Makes this process the only one to use `dataDir` until release() or until it dies in any way: a lock is held while its
 * process listens on a socket, and a dead process does not. Pids and times are not compared: both repeat when a
 * container restarts.
 *
 * Each contender publishes a socket with a unique name and then asks every other one. The later of two to publish sees
 * the earlier, so they cannot both win; the one with the smaller name waits for the other's decision, so one of them
 * wins. A name is never reused, so a dead socket can be removed at any time.
 *
 * Throws DataDirInUseError, or the system's error when no socket can be made.
 */
export async function lockFolder(dataDir: string, log: OperatorLog): Promise<FolderLock> {
  if (process.platform === 'win32') return lockByPipe(dataDir);

  const status: LockStatus = { pid: process.pid, state: 'starting' };
  const name = `${PREFIX}${randomUUID()}`;
  const { folder, server } = await listenFor(dataDir, `new-${name}`, status, log);
  const release = async (): Promise<void> => {
    await rm(folder.path(name), { force: true });
    await server.close();
    await folder.close();
  };
  try {
    // Published once it answers: a socket that is bound and not yet listening looks dead.
    await rename(folder.path(`new-${name}`), folder.path(name));
    await waitForOthers(dataDir, name, folder);
    status.state = 'holding';
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

/** Windows lets one process create a named pipe and removes it with that process: the first to listen has the lock. */
async function lockByPipe(dataDir: string): Promise<FolderLock> {
  const digest = createHash('sha256')
    .update((await realpath(dataDir)).toLowerCase())
    .digest('hex');
  const name = `\\\\.\\pipe\\likeness-${digest.slice(0, 32)}`;
  try {
    const server = await listen(name, () => ({ pid: process.pid, state: 'holding' }));
    return { release: server.close };
  } catch (error) {
    if (errorCodeOf(error) !== 'EADDRINUSE') throw error;
    const answer = await ask(name);
    throw new DataDirInUseError(dataDir, 'pid' in answer ? answer.pid : undefined);
  }
}

async function listenFor(
  dataDir: string,
  name: string,
  status: LockStatus,
  log: OperatorLog,
): Promise<{ folder: SocketFolder; server: LockServer }> {
  const direct = await socketsInDataDir(dataDir);
  if (direct !== undefined) {
    try {
      return { folder: direct, server: await listen(direct.address(name), () => status) };
    } catch (error) {
      await direct.close();
      if (!NO_SOCKETS.has(errorCodeOf(error))) throw error;
    }
  }
  const folder = await socketsInTemporaryFolder(dataDir);
  log.info(
    { dataDir, lock: folder.path('') },
    'data folder does not support sockets; lock placed in the temporary folder',
  );
  return { folder, server: await listen(folder.address(name), () => status) };
}

async function waitForOthers(dataDir: string, name: string, folder: SocketFolder): Promise<void> {
  const giveUpAt = performance.now() + UNDECIDED_FOR_MS;
  for (;;) {
    const undecided = await firstUndecided(dataDir, name, folder);
    if (undecided === undefined) return;
    if (performance.now() > giveUpAt) throw new DataDirInUseError(dataDir, undecided.pid);
    await pause(RETRY_MS);
  }
}

/** Throws DataDirInUseError when another process holds the folder or has precedence. Removes dead sockets. */
async function firstUndecided(
  dataDir: string,
  name: string,
  folder: SocketFolder,
): Promise<{ pid: number | undefined } | undefined> {
  let undecided: { pid: number | undefined } | undefined;
  for (const other of await readdir(folder.path(''))) {
    if (!other.startsWith(PREFIX) || other === name) continue;
    const answer = await ask(folder.address(other));
    switch (answer.state) {
      case 'dead':
        await rm(folder.path(other), { force: true });
        break;
      case 'leaving':
        undecided = { pid: undefined };
        break;
      case 'silent':
        throw new DataDirInUseError(dataDir, undefined);
      case 'holding':
        throw new DataDirInUseError(dataDir, answer.pid);
      case 'starting':
        if (other < name) throw new DataDirInUseError(dataDir, answer.pid);
        undecided = { pid: answer.pid };
    }
  }
  return undecided;
}
