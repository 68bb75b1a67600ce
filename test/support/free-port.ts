import { once } from 'node:events';
import { createServer } from 'node:net';

const FIRST = 12_000;
/** Of one worker. There are never as many workers as ranges. */
const RANGE = 2000;
const RANGES = 9;

/** Random, for other test runs on this machine. */
let next = Math.floor(Math.random() * RANGE);

/**
 * A port to start a server on that has to know its own address beforehand. From below the range that the system picks
 * from by itself, and from a range of this worker's own, so that no other connection or test takes it in between.
 */
export async function freePort(): Promise<number> {
  const range = Number(process.env['VITEST_POOL_ID'] ?? 0) % RANGES;
  for (;;) {
    const port = FIRST + range * RANGE + (next++ % RANGE);
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
