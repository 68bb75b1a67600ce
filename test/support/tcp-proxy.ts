import { once } from 'node:events';
import net from 'node:net';
import { freePort } from './free-port.ts';
import { listenOnLoopback } from './loopback.ts';

type TcpTarget = { readonly host?: string; readonly port: number };

/** A TCP proxy and round-robin balancer that can fail the way a cut cable does: nothing arrives, nothing is closed. */
export type TcpProxy = {
  readonly port: number;
  /** Its HTTP address, without a trailing slash. */
  readonly url: string;
  /** Sends new connections to these targets, each to the next one that accepts it. */
  use(targets: readonly TcpTarget[]): void;
  /** Silences every connection, new ones too. */
  stall(): void;
  /** Silences the connections there are, for good. New ones work. */
  lose(): void;
  resume(): void;
  /** Ends every connection and refuses new ones, like a server that stopped. */
  close(): Promise<void>;
  /** Accepts connections again after close(), on the same port. */
  reopen(): Promise<void>;
};

/** @param delayMs added to everything that passes, in both directions */
export async function startTcpProxy(initial: readonly TcpTarget[], delayMs = 0): Promise<TcpProxy> {
  let [targets, next] = [initial, 0];
  const sockets = new Set<net.Socket>();
  /** Sockets whose other end closed during a stall. */
  const orphans = new Set<net.Socket>();
  let stalled = false;

  const track = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      orphans.delete(socket);
    });
  };
  // Not pipe(): it would resume a socket that was paused from outside.
  const join = (from: net.Socket, to: net.Socket) => {
    from.on('data', (chunk) => {
      if (delayMs === 0) to.write(chunk);
      else setTimeout(() => to.write(chunk), delayMs);
    });
    if (stalled) from.pause();
    else from.resume();
    from.on('close', () => {
      // A paused socket still notices a reset; through a cut cable it would not come.
      if (stalled) orphans.add(to);
      else to.destroySoon();
    });
  };

  const server = net.createServer({ pauseOnConnect: true }, (near) => {
    track(near);
    const candidates = targets.map((_, index) => targets[(next + index) % targets.length]);
    next += 1;
    const tryNext = () => {
      const target = candidates.shift();
      if (target === undefined) return void near.destroy();
      const far = net.connect({ host: '127.0.0.1', ...target });
      track(far);
      far.once('error', tryNext);
      far.once('connect', () => {
        far.off('error', tryNext);
        if (near.destroyed) return void far.destroy();
        join(near, far);
        join(far, near);
      });
    };
    tryNext();
  });
  // Not one that the system picks: it could give that port to another connection between close() and reopen().
  const port = await freePort();
  const url = await listenOnLoopback(server, port);
  const pauseAll = () => {
    for (const socket of sockets) socket.pause();
  };
  return {
    port,
    url,
    use: (given) => (targets = given),
    stall: () => {
      stalled = true;
      pauseAll();
    },
    lose: pauseAll,
    resume: () => {
      stalled = false;
      for (const socket of orphans) socket.destroy();
      for (const socket of sockets) socket.resume();
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
    reopen: async () => {
      await listenOnLoopback(server, port);
    },
  };
}
