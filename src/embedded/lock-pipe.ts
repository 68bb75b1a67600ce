import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { ask, type LockServer } from './lock-socket.ts';
import { errorCodeOf } from '../db/error-code.ts';

/** Windows keeps named pipes outside the file system, one namespace for the whole machine. */
export function pipeName(dataDir: string): string {
  const digest = createHash('sha256').update(realpathSync.native(dataDir).toLowerCase()).digest('hex');
  return `\\\\.\\pipe\\likeness-${digest.slice(0, 32)}`;
}

/** Windows lets one process create a pipe and removes it with that process, so the first to listen has the lock. */
export async function takePipe(
  name: string,
  listen: (name: string) => Promise<LockServer>,
): Promise<{ server: LockServer } | { heldBy: number | undefined }> {
  try {
    return { server: await listen(name) };
  } catch (error) {
    if (errorCodeOf(error) !== 'EADDRINUSE') throw error;
    const answer = await ask(name);
    return { heldBy: 'pid' in answer ? answer.pid : undefined };
  }
}
