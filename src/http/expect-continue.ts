import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Responses to clients that wait with their bodies (`Expect: 100-continue`). */
const waiting = new WeakMap<IncomingMessage, ServerResponse>();

/** Serves requests with an Expect header like all others. Node would ask for their bodies before any check. */
export function serveExpectations(server: Server): void {
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.set(request, response);
    server.emit('request', request, response);
  });
  // refusalOfHead() refuses them.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}

/** Called before a body is read: the client sends it if it has waited. */
export function askForBody(request: IncomingMessage): void {
  waiting.get(request)?.writeContinue();
  waiting.delete(request);
}
