import { connect } from 'node:net';
import { PATIENCE_MS } from './eventually.ts';

type RawAnswer = {
  readonly status: number;
  /** Status line and headers as they came. */
  readonly head: string;
  readonly body: string;
};

/**
 * Sends bytes that no HTTP client would, and reads until the server ends the connection or has answered in full.
 *
 * @param feed writes the request; what it returns is called when the answer is there
 */
export function rawRequest(
  serverUrl: string,
  feed: (write: (text: string | Uint8Array) => void) => () => void,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(serverUrl);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let stop = (): void => undefined;
    let text = '';
    const answered = () => {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      stop();
      socket.destroy();
      const head = text.slice(0, end);
      resolve({ status: Number(head.split(' ')[1]), head, body: text.slice(end + 4) });
    };
    const giveUp = setTimeout(() => {
      socket.destroy(new Error('no answer'));
    }, PATIENCE_MS);
    socket.setEncoding('latin1');
    socket.on('connect', () => {
      stop = feed((bytes) => void socket.write(bytes));
    });
    socket.on('data', (chunk) => {
      text += String(chunk);
      answered();
    });
    socket.on('close', () => {
      clearTimeout(giveUp);
      stop();
      reject(new Error(`The connection was closed without an answer: ${JSON.stringify(text)}`));
    });
    // A server that refuses early closes while there is still being written; its answer is what counts.
    socket.on('error', () => undefined);
  });
}

/** One request with a path and method exactly as given. */
export function rawCall(
  serverUrl: string,
  call: { readonly method?: string; readonly path: string; readonly headers?: readonly string[] },
): Promise<RawAnswer> {
  const { method = 'POST', path, headers = [] } = call;
  return rawRequest(serverUrl, (write) => {
    const lines = [`${method} ${path} HTTP/1.1`, `Host: ${new URL(serverUrl).host}`, 'Connection: close'];
    write([...lines, 'Content-Length: 2', ...headers, '', '{}'].join('\r\n'));
    return () => undefined;
  });
}
