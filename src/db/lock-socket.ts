import net from 'node:net';
import { z } from 'zod';

const claimSchema = z.object({ pid: z.number().int(), state: z.enum(['starting', 'busy', 'holding']) });

/**
 * What the process behind a lock socket says of itself: that it would like to have the lock ('starting'), has it and
 * answers nothing at present ('busy'), or has it and answers ('holding').
 */
export type Claim = z.infer<typeof claimSchema>;

/** A holder that is busy still accepts connections (the system does it for it), so only the words are waited for. */
const ANSWER_TIMEOUT_MS = 2_000;

/** Of a request, in characters: some words. */
const MAX_REQUEST = 16_384;

export type Asker = {
  /** Aborted when the asker is gone, whether it has the answer or not. */
  readonly gone: AbortSignal;
  /** Ends the connection to it. */
  readonly hangUp: () => void;
};

/** What a holder does when it is asked for something. Resolves with one line, the answer. */
export type Respond = (request: string, asker: Asker) => Promise<string>;

export type LockServer = {
  /** Ends the requests that are under way; their askers hear that the process went away. */
  readonly hangUp: () => void;
  readonly close: () => Promise<void>;
};

/**
 * Tells everyone who connects the claim as it is then, in one line, and answers the line that may come back. Does not
 * keep the process alive.
 */
export async function listen(
  address: string,
  claim: () => Claim,
  respond: Respond = async () => 'nothing can be asked of this process',
): Promise<LockServer> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const gone = new AbortController();
    socket.unref();
    socket.on('error', () => undefined); // the asker may be gone already
    socket.on('close', () => {
      sockets.delete(socket);
      gone.abort();
    });
    socket.write(`${JSON.stringify(claim())}\n`);
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_REQUEST) return void socket.destroy();
      const [request, rest] = text.split('\n', 2);
      if (rest === undefined || request === undefined) return undefined;
      socket.removeAllListeners('data').resume();
      const hangUp = (): void => void socket.destroy();
      void respond(request, { gone: gone.signal, hangUp }).then((answer) => void socket.write(`${answer}\n`));
      return undefined;
    });
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
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    hangUp,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        hangUp();
      }),
  };
}

/** 'dead': nobody listens. 'leaving': the connection broke; ask again. 'silent': somebody listens and says nothing. */
export type Answer = Claim | { state: 'dead' | 'leaving' | 'silent' };

/** Asks the process behind a socket what it is. Throws when the socket may not be used (no permission). */
export async function ask(address: string): Promise<Answer> {
  const { answer, socket } = await meet(address);
  socket.destroy();
  return answer;
}

/** What a holder answered. It counts the asker as there until `leave`, unless it hangs up itself. */
export type Reply = { readonly line: string; readonly leave: () => void; readonly hungUp: AbortSignal };

/**
 * Has a holder do something. Its answer may take as long as the work does; without one, what there is instead of a
 * holder. Throws when it goes away before it has answered.
 *
 * @param busyMs how long it may take to say that it is there
 */
export async function request(
  address: string,
  text: string,
  busyMs: number,
): Promise<Reply | 'dead' | 'silent' | 'undecided'> {
  const { answer, socket } = await meet(address, busyMs);
  if (answer.state !== 'holding') {
    socket.destroy();
    return answer.state === 'dead' || answer.state === 'silent' ? answer.state : 'undecided';
  }
  socket.setTimeout(0);
  socket.write(`${text}\n`);
  const line = await firstLine(socket);
  if (line === undefined) throw new Error(`Process ${answer.pid} ended before it had answered`);
  const hungUp = new AbortController();
  socket.once('close', () => hungUp.abort());
  if (socket.destroyed) hungUp.abort();
  return { line, leave: () => socket.destroy(), hungUp: hungUp.signal };
}

async function meet(
  address: string,
  answerTimeoutMs = ANSWER_TIMEOUT_MS,
): Promise<{ answer: Answer; socket: net.Socket }> {
  const socket = net.connect(address);
  socket.setEncoding('utf8');
  const answer = await new Promise<Answer>((resolve, reject) => {
    socket.setTimeout(answerTimeoutMs, () => resolve({ state: 'silent' }));
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
    void firstLine(socket).then((line) => {
      if (line !== undefined) resolve(parseClaim(line));
      else setImmediate(() => resolve({ state: 'leaving' })); // after an error that says more
    });
  });
  return { answer, socket };
}

/** Up to the first end of a line; undefined when the connection ends without one. */
function firstLine(socket: net.Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const read = (chunk: string): void => {
      text += chunk;
      const end = text.indexOf('\n');
      if (end < 0) return;
      socket.off('data', read);
      resolve(text.slice(0, end));
    };
    socket.on('data', read);
    socket.once('close', () => resolve(undefined));
  });
}

function parseClaim(text: string): Answer {
  try {
    return claimSchema.parse(JSON.parse(text));
  } catch {
    return { state: 'leaving' };
  }
}
