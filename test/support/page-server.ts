import { createServer, type RequestListener } from 'node:http';
import { extname, join } from 'node:path';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { listenOnLoopback } from './loopback.ts';

type PageServer = { readonly origin: string; readonly close: () => Promise<void> };

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** Serves one page, at an origin of its own. */
export function servePage(html: string): Promise<PageServer> {
  return serve(0, (request, response) => {
    const isPage = request.url === '/';
    response.writeHead(isPage ? 200 : 204, { 'content-type': 'text/html' }).end(isPage ? html : '');
  });
}

/** Serves a built app, at an origin of its own. */
export function serveFolder(folder: string, port = 0): Promise<PageServer> {
  return serve(port, (request, response) => {
    const file = request.url === '/' ? '/index.html' : (request.url ?? '');
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    readFile(join(folder, file)).then(
      (bytes) => response.writeHead(200, { 'content-type': type }).end(bytes),
      () => response.writeHead(404).end(),
    );
  });
}

async function serve(port: number, listener: RequestListener): Promise<PageServer> {
  const server = createServer(listener);
  return {
    origin: await listenOnLoopback(server, port),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
