import { createHash } from 'node:crypto';
import { mkdir, open, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket's address holds 104 bytes on macOS, 108 on Linux, the closing zero included. */
const ADDRESS_BYTES = 100;
/** `/new-lock.` and a UUID. */
const NAME_BYTES = 10 + 36;

/** A folder for lock sockets. */
export type SocketFolder = {
  /** For file operations. */
  path(name: string): string;
  /** For binding and connecting; may be a shorter way to the same file. */
  address(name: string): string;
  close(): Promise<void>;
};

/**
 * The data folder itself, so that everyone who can reach the data can see its lock, containers that share a volume
 * included. Undefined when the path is too long for a socket's address and cannot be shortened; Linux can, by way of
 * an open handle.
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
 * The stand-in when the data folder cannot hold sockets: a folder of the system's temporary folder, named after the
 * data folder. It guards against processes that share that temporary folder only.
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
