import { once } from 'node:events';
import net from 'node:net';

/** A TCP proxy to `target` that can fall silent the way a cut cable does: nothing arrives, nothing is closed. */
export type StallingProxy = {
  port: number;
  stall(): void;
  resume(): void;
  close(): Promise<void>;
};

export async function stallingProxy(target: { host: string; port: number }): Promise<StallingProxy> {
  const sockets = new Set<net.Socket>();
  /** Those whose other end went away while nothing came through. */
  const bereft = new Set<net.Socket>();
  let stalled = false;

  const server = net.createServer((near) => {
    const far = net.connect(target);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      if (stalled) socket.pause();
    }
    // Not pipe(): it would resume a socket that was paused from outside.
    join(near, far);
    join(far, near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as net.AddressInfo).port,
    stall: () => {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    resume: () => {
      stalled = false;
      for (const socket of bereft) socket.destroy();
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };

  function join(from: net.Socket, to: net.Socket): void {
    from.on('data', (chunk) => to.write(chunk));
    if (stalled) from.pause(); // listening for data starts it
    from.on('close', () => {
      sockets.delete(from);
      bereft.delete(from);
      // A reset is noticed here though the socket is paused; through a cut cable it would not come.
      if (stalled) bereft.add(to);
      else to.destroy();
    });
  }
}
