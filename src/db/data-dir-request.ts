import { readdir } from 'node:fs/promises';
import { PREFIX } from './data-dir-lock.ts';
import { pipeName } from './data-dir-pipe.ts';
import { socketsInDataDir, socketsInTemporaryFolder, type SocketFolder } from './data-dir-socket-folder.ts';
import { request } from './lock-socket.ts';

/**
 * Has the process that uses `dataDir` do something, over its lock's socket. Its answer, or undefined while nobody uses
 * the folder. Whoever may write into the data folder may ask; nobody else reaches the socket.
 *
 * Throws when that process ends before it has answered.
 */
export async function requestOfHolder(dataDir: string, text: string): Promise<string | undefined> {
  if (process.platform === 'win32') return request(pipeName(dataDir), text);
  for (const open of [socketsInDataDir, socketsInTemporaryFolder]) {
    const folder = await open(dataDir);
    if (folder === undefined) continue;
    try {
      const answer = await requestIn(folder, text);
      if (answer !== undefined) return answer;
    } finally {
      await folder.close();
    }
  }
  return undefined;
}

async function requestIn(folder: SocketFolder, text: string): Promise<string | undefined> {
  for (const name of await readdir(folder.path(''))) {
    if (!name.startsWith(PREFIX)) continue;
    const answer = await request(folder.address(name), text);
    if (answer !== undefined) return answer;
  }
  return undefined;
}
