import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { pipeName, takePipe } from './lock-pipe.ts';
import { socketsInDataDir, socketsInTemporaryFolder, type SocketFolder } from './socket-folder.ts';
import { ask, listen, type Claim, type LockServer } from './lock-socket.ts';
import type { OperatorLog } from '../log/log.ts';
import { errorCodeOf } from '../db/error-code.ts';

/** The folder belongs to a running process; two writers would lose each other's rows. */
export class DataDirInUseError extends Error {
  override name = 'DataDirInUseError';
  readonly dataDir: string;
  /** As the holder knows itself; another container counts its processes from 1. Absent when it did not answer. */
  readonly pid: number | undefined;
  /** In words. */
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

/** Of the sockets' names. */
export const PREFIX = 'lock.';
const RETRY_MS = 20;
/** Starters decide within milliseconds of each other; one that takes longer is stuck, and its claim stands. */
const UNDECIDED_FOR_MS = 10_000;
/** Answers of file systems that have no sockets: some network and desktop shares. */
const NO_SOCKETS_HERE = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL']);

/**
 * Makes this process the only one to use `dataDir`, until release() or until it dies, however it dies: what counts is
 * whether somebody listens on a socket, and a dead process does not. No pid or time is compared, since both repeat
 * when a container restarts.
 *
 * Each contender publishes a socket under a name of its own and then asks every other one. Of two contenders the later
 * to publish sees the earlier, so both cannot win; the one with the smaller name waits for the other's decision, so
 * one of them does. A name is never used again, which makes removing a dead one safe at any time.
 *
 * Throws DataDirInUseError, or the system's error when no socket can be made.
 */
export async function lockFolder(dataDir: string, log: OperatorLog): Promise<FolderLock> {
  if (process.platform === 'win32') return lockByPipe(dataDir);

  const claim: Claim = { pid: process.pid, state: 'starting' };
  const name = `${PREFIX}${randomUUID()}`;
  const { folder, server } = await listenFor(dataDir, `new-${name}`, claim, log);
  const release = async (): Promise<void> => {
    await rm(folder.path(name), { force: true });
    await server.close();
    await folder.close();
  };
  try {
    // Published only now that it answers: a socket that is bound and not yet listening looks like a dead one.
    await rename(folder.path(`new-${name}`), folder.path(name));
    await waitForOthers(dataDir, name, folder);
    claim.state = 'holding';
  } catch (error) {
    await release();
    throw error;
  }
  return { release };
}

async function lockByPipe(dataDir: string): Promise<FolderLock> {
  const claim: Claim = { pid: process.pid, state: 'holding' };
  const outcome = await takePipe(pipeName(dataDir), (name) => listen(name, () => claim));
  if ('heldBy' in outcome) throw new DataDirInUseError(dataDir, outcome.heldBy);
  return { release: outcome.server.close };
}

async function listenFor(
  dataDir: string,
  name: string,
  claim: Claim,
  log: OperatorLog,
): Promise<{ folder: SocketFolder; server: LockServer }> {
  const direct = await socketsInDataDir(dataDir);
  if (direct !== undefined) {
    try {
      return { folder: direct, server: await listen(direct.address(name), () => claim) };
    } catch (error) {
      await direct.close();
      if (!NO_SOCKETS_HERE.has(errorCodeOf(error))) throw error;
    }
  }
  const folder = await socketsInTemporaryFolder(dataDir);
  log.info(
    { dataDir, lock: folder.path('') },
    'The data folder cannot hold a socket; its lock is kept elsewhere',
  );
  return { folder, server: await listen(folder.address(name), () => claim) };
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

/** Throws DataDirInUseError when another one has the folder or goes first. Clears away the dead. */
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
