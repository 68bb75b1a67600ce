import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port to start a server on that has to know its own address beforehand. From below the range that the system picks
 * from by itself, so that no other connection or test takes it in between.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 18_000);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
