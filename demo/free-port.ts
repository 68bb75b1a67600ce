import { createServer, type AddressInfo } from 'node:net';

/**
 * A free port. The server's public URL contains it, so it is chosen before the server listens; if another program takes
 * it in between, the start fails.
 */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
