import { once } from 'node:events';
import net from 'node:net';

/** A round-robin balancer for TCP: each new connection goes to the next server, or to the one after it that takes it. */
export type Balancer = {
  /** As an HTTP address, without a trailing slash. */
  readonly url: string;
  /** New connections go to these ports from now on; those there are stay where they are. */
  use(ports: readonly number[]): void;
  close(): Promise<void>;
};

export async function startBalancer(): Promise<Balancer> {
  let ports: readonly number[] = [];
  let next = 0;
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };

  const server = net.createServer({ pauseOnConnect: true }, (near) => {
    keep(near);
    const candidates = ports.map((_, index) => ports[(next + index) % ports.length]);
    next += 1;
    const tryNext = () => {
      const port = candidates.shift();
      if (port === undefined) return void near.destroy();
      const far = net.connect({ host: '127.0.0.1', port });
      keep(far);
      far.once('error', tryNext);
      far.once('connect', () => {
        far.off('error', tryNext);
        near.on('close', () => far.destroy());
        far.on('close', () => near.destroy());
        near.pipe(far).pipe(near);
      });
    };
    tryNext();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    use: (given) => (ports = given),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
