import net from 'node:net';
import { z } from 'zod';

const claimSchema = z.object({ pid: z.number().int(), state: z.enum(['starting', 'holding']) });

/** What the process behind a lock socket says of itself. */
export type Claim = z.infer<typeof claimSchema>;

/** A holder that is busy still accepts connections (the system does it for it), so only the words are waited for. */
const ANSWER_TIMEOUT_MS = 2_000;

export type LockServer = { readonly close: () => Promise<void> };

/** Tells everyone who connects the claim as it is then. Does not keep the process alive. */
export async function listen(address: string, claim: () => Claim): Promise<LockServer> {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined); // the asker may be gone already
    socket.write(JSON.stringify(claim()));
    socket.destroySoon(); // close() waits for every connection, and an asker may never end its own
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => undefined); // running out of file handles while accepting must not end the process
  server.unref();
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** 'dead': nobody listens. 'leaving': the connection broke; ask again. 'silent': somebody listens and says nothing. */
export type Answer = Claim | { state: 'dead' | 'leaving' | 'silent' };

/** Asks the process behind a socket what it is. Throws when the socket may not be used (no permission). */
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
    socket.on('end', () => resolve(parseClaim(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      switch (error.code) {
        case 'ECONNREFUSED':
        case 'ENOENT':
          resolve({ state: 'dead' });
          return;
        case 'ECONNRESET':
        case 'EPIPE':
        case 'EAGAIN': // more askers at once than the socket has room for
          resolve({ state: 'leaving' });
          return;
        default:
          reject(error);
      }
    });
  });
}

function parseClaim(text: string): Answer {
  try {
    return claimSchema.parse(JSON.parse(text));
  } catch {
    return { state: 'leaving' };
  }
}
