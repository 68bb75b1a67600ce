import { readdir } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { PREFIX } from './data-dir-lock.ts';
import { pipeName } from './data-dir-pipe.ts';
import { socketsInDataDir, socketsInTemporaryFolder, type SocketFolder } from './data-dir-socket-folder.ts';
import { request, type Reply } from './lock-socket.ts';

/** The folder belongs to a process that does not say what it does with it; nothing was asked of it. */
export class HolderNotAnsweringError extends Error {
  override name = 'HolderNotAnsweringError';

  constructor(dataDir: string, seconds: number, why: string) {
    super(
      `The data folder ${dataDir} is in use by a process that ${why} for ${seconds} s. Try again later, or stop that ` +
        `process first.`,
    );
  }
}

/** A server that vacuums a big table, starts or ends is done with it by then, or something is wrong with it. */
const PATIENCE_MS = 30_000;
const RETRY_MS = 100;
/** For one process to say that it is there, before others are asked, and it again. */
const TURN_MS = 2_000;

type Outcome = Reply | 'none' | 'silent' | 'undecided';

/**
 * Has the process that uses `dataDir` do something, over its lock's socket. Its answer, or undefined when nobody uses
 * the folder: a process that is silent, starts or ends is waited for. Whoever may write into the data folder may ask;
 * nobody else reaches the socket.
 *
 * Throws HolderNotAnsweringError, or when that process ends before it has answered.
 */
export async function requestOfHolder(
  dataDir: string,
  text: string,
  { patienceMs = PATIENCE_MS } = {},
): Promise<Reply | undefined> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const outcome = await requestAnywhere(dataDir, text, giveUpAt);
    if (outcome === 'none') return undefined;
    if (typeof outcome === 'object') return outcome;
    if (performance.now() > giveUpAt) {
      const why = outcome === 'silent' ? 'has not answered' : 'has been starting or ending, or is no server,';
      throw new HolderNotAnsweringError(dataDir, patienceMs / 1000, why);
    }
    await pause(RETRY_MS);
  }
}

function turnMs(giveUpAt: number): number {
  return Math.min(TURN_MS, Math.max(1, giveUpAt - performance.now())); // 0 would be for ever
}

async function requestAnywhere(dataDir: string, text: string, giveUpAt: number): Promise<Outcome> {
  if (process.platform === 'win32') {
    const outcome = await request(pipeName(dataDir), text, turnMs(giveUpAt));
    return outcome === 'dead' ? 'none' : outcome;
  }
  let found: Outcome = 'none';
  for (const open of [socketsInDataDir, socketsInTemporaryFolder]) {
    const folder = await open(dataDir);
    if (folder === undefined) continue;
    try {
      const outcome = await requestIn(folder, text, giveUpAt);
      if (typeof outcome === 'object') return outcome;
      if (outcome !== 'none') found = outcome;
    } finally {
      await folder.close();
    }
  }
  return found;
}

/** Of those who have a socket there the one that holds; else what is known of the others. */
async function requestIn(folder: SocketFolder, text: string, giveUpAt: number): Promise<Outcome> {
  const names = (await readdir(folder.path(''))).filter((name) => name.startsWith(PREFIX));
  let found: Outcome = 'none';
  for (const name of names) {
    const outcome = await request(folder.address(name), text, turnMs(giveUpAt));
    if (typeof outcome === 'object') return outcome;
    if (outcome !== 'dead') found = outcome;
  }
  return found;
}
