import { etagOf, readStudioFiles, type StudioFile, type StudioFiles } from './studio-files.ts';
import { encodingFor } from './static-text.ts';
import { isKnown } from '../files/if-none-match.ts';
import { pathOf } from '../request-head.ts';
import type { Route } from '../route.ts';
import type { StudioConfig } from '../../config/studio.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Its page is at `/`, its other files are below this path. */
export const STUDIO_PATH = '/studio';

const IMMUTABLE = 'public, max-age=31536000, immutable';

/**
 * Responds to a request for the page or one of its files.
 *
 * @param imageOrigins origins of images, as in a content security policy, in addition to the page's own
 * @param readFiles default: reads the files that the build has made
 */
export function createStudio(
  config: StudioConfig,
  imageOrigins: readonly string[],
  readFiles: () => Promise<StudioFiles | null> = readStudioFiles,
): Route {
  const policy = policyFor(imageOrigins);
  let reading: Promise<StudioFiles | null> | null = null;
  return async (request, response) => {
    const { method = '', url = '', headers } = request;
    const path = pathOf(url);
    if (method !== 'GET' && method !== 'HEAD') return {};
    // Programs that ask for the address of the API get JSON there.
    if (path === '/') {
      response.setHeader('vary', 'Accept');
      if (headers.accept?.includes('text/html') !== true) return {};
    }
    // On the first request: a start must not become slower. A failure, as for want of file handles, is not kept.
    reading ??= readAll(readFiles, config).catch((error: unknown) => {
      reading = null;
      throw error;
    });
    const files = await reading;
    const name = path === '/' ? 'index.html' : path.slice(STUDIO_PATH.length + 1);
    const file = files?.get(name);
    if (file === undefined || (name === 'index.html' && path !== '/')) return {};
    if (path === '/') response.setHeader('content-security-policy', policy);
    response.setHeader('cache-control', path === '/' ? 'no-cache' : IMMUTABLE);
    send(request, response, file);
    return 'responded';
  };
}

async function readAll(
  readFiles: () => Promise<StudioFiles | null>,
  { needsToken, loginUrl }: StudioConfig,
): Promise<StudioFiles | null> {
  const files = await readFiles();
  const page = files?.get('index.html');
  if (files === null || page === undefined) return null;
  // In attributes: the policy allows no script in the page.
  const attributes = [
    `data-sign-in="${needsToken ? 'token' : 'none'}"`,
    ...(loginUrl === null ? [] : [`data-login-url="${escapeAttribute(loginUrl)}"`]),
  ];
  const text = page.bytes.toString('utf8').replace('<html', () => `<html ${attributes.join(' ')}`);
  const bytes = Buffer.from(text);
  return new Map([...files, ['index.html', { ...page, bytes, etag: etagOf(bytes) }]]);
}

function send(request: IncomingMessage, response: ServerResponse, file: StudioFile): void {
  const { headers, method } = request;
  response.setHeader('etag', file.etag);
  if (isKnown(headers['if-none-match'], file.etag)) {
    response.writeHead(304).end();
    return;
  }
  const encoding = encodingFor([headers['accept-encoding'] ?? []].flat().join());
  const compressed = encoding === null ? null : file[encoding];
  const bytes = compressed ?? file.bytes;
  if (file.br !== null) response.setHeader('vary', 'Accept-Encoding');
  if (compressed !== null && encoding !== null) response.setHeader('content-encoding', encoding);
  response.writeHead(200, { 'content-type': file.type, 'content-length': bytes.length });
  response.end(method === 'HEAD' ? undefined : bytes);
}

function policyFor(imageOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    // Photos are shown from the user's disk before they are sent.
    ["img-src 'self' blob:", ...imageOrigins].join(' '),
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

function escapeAttribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
