import net from 'node:net';
import * as z from 'zod';

const statusSchema = z.object({ pid: z.number().int(), state: z.enum(['starting', 'holding']) });

/** What the process behind a lock socket reports. */
export type LockStatus = z.infer<typeof statusSchema>;

/** The system accepts connections for a busy holder too, so only the answer is waited for. */
const ANSWER_TIMEOUT_MS = 2_000;

export type LockServer = { readonly close: () => Promise<void> };

/** Sends the current status to everyone who connects. Does not keep the process alive. */
export async function listen(address: string, status: () => LockStatus): Promise<LockServer> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined); // the peer may be gone
    socket.write(JSON.stringify(status()));
    socket.destroySoon(); // close() waits for every connection, and a peer may never end its own
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => undefined); // a lack of file handles must not end the process
  server.unref();
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** 'dead': no listener. 'leaving': the connection broke; ask again. 'silent': a listener that does not answer. */
type Answer = LockStatus | { state: 'dead' | 'leaving' | 'silent' };

/** Asks the process behind a socket for its status. Throws when the socket may not be used (no permission). */
export function ask(address: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = net.connect(address);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => {
      socket.destroy();
      resolve({ state: 'silent' });
    });
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => resolve(parseStatus(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      switch (error.code) {
        case 'ECONNREFUSED':
        case 'ENOENT':
          resolve({ state: 'dead' });
          return;
        case 'ECONNRESET':
        case 'EPIPE':
        case 'EAGAIN': // the socket's backlog is full
          resolve({ state: 'leaving' });
          return;
        default:
          reject(error);
      }
    });
  });
}

function parseStatus(text: string): Answer {
  try {
    return statusSchema.parse(JSON.parse(text));
  } catch {
    return { state: 'leaving' };
  }
}
