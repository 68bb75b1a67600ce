import type { IncomingMessage, ServerResponse } from 'node:http';

/** Time to discard the rest of an unread body. */
const LINGER_MS = 2000;

/**
 * Closes the connection of a request whose response was sent before its body was read. Node discards the body for
 * LINGER_MS first: many clients would not see the response if the connection closed at once.
 */
export function dropUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  // An aborted request has no socket later.
  const { socket, method } = request;
  // Nobody reads it. In chunks of one byte, what Node reads ahead takes megabytes, as long as a stream lasts.
  if (method === 'GET' || method === 'HEAD') request.resume();
  response.once('finish', () => {
    if (request.complete) return;
    const cut = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    request.once('end', () => clearTimeout(cut));
  });
}
