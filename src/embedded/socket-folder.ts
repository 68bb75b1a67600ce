import { createHash } from 'node:crypto';
import { mkdir, open, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket's address may have 104 bytes on macOS, 108 on Linux, including the final zero. */
const ADDRESS_BYTES = 100;
/** `/new-lock.` and a UUID. */
const NAME_BYTES = 10 + 36;

/** A folder for lock sockets. */
export type SocketFolder = {
  /** For file operations. */
  path(name: string): string;
  /** For binding and connecting; may be a shorter path to the same file. */
  address(name: string): string;
  close(): Promise<void>;
};

/**
 * The data folder itself: every process that can reach the data sees its lock, also containers that share a volume.
 * Undefined when the path is too long for a socket's address; Linux shortens it with an open handle.
 */
export async function socketsInDataDir(dataDir: string): Promise<SocketFolder | undefined> {
  if (Buffer.byteLength(dataDir) + NAME_BYTES <= ADDRESS_BYTES) return plainFolder(dataDir);
  if (process.platform !== 'linux') return undefined;
  const handle = await open(dataDir);
  return {
    path: (name) => join(dataDir, name),
    address: (name) => `/proc/self/fd/${handle.fd}/${name}`,
    close: () => handle.close(),
  };
}

/**
 * The replacement when the data folder cannot hold sockets: a folder in the system's temporary folder, named after the
 * data folder. It keeps out only processes that share that temporary folder.
 */
export async function socketsInTemporaryFolder(dataDir: string): Promise<SocketFolder> {
  const digest = createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex');
  const folder = join(tmpdir(), `likeness-${digest.slice(0, 24)}`);
  await mkdir(folder, { recursive: true });
  return plainFolder(folder);
}

function plainFolder(folder: string): SocketFolder {
  const path = (name: string): string => join(folder, name);
  return { path, address: path, close: async () => undefined };
}
