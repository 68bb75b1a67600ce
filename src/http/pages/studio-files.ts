import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { dirname, extname, join } from 'node:path';
import { readdir, readFile } from 'node:fs/promises';

/** A file of the Studio, in each encoding that the build has made of it. */
export type StudioFile = {
  readonly type: string;
  readonly bytes: Buffer;
  readonly br: Buffer | null;
  readonly gzip: Buffer | null;
  readonly etag: string;
};

/** By name. `index.html` is the page. */
export type StudioFiles = ReadonlyMap<string, StudioFile>;

/** Files of other types are not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};

/** Null if the Studio was not built. */
export async function readStudioFiles(): Promise<StudioFiles | null> {
  const folder = studioFolder();
  if (folder === null) return null;
  const names = new Set(await readdir(folder));
  const read = (name: string) => (names.has(name) ? readFile(join(folder, name)) : null);
  const files = [...names].map(async (name) => {
    const type = TYPES[extname(name)];
    if (type === undefined) return [];
    const [bytes, br, gzip] = await Promise.all([
      readFile(join(folder, name)),
      read(`${name}.br`),
      read(`${name}.gz`),
    ]);
    return [[name, { type, bytes, br, gzip, etag: etagOf(bytes) }] as const];
  });
  return new Map((await Promise.all(files)).flat());
}

export function etagOf(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
}

/** `dist/studio`: next to the bundle in dist, or in the root of the source tree. */
function studioFolder(): string | null {
  const here = dirname(fileURLToPath(import.meta.url));
  const folders = [join(here, 'studio'), join(here, '..', '..', '..', 'dist', 'studio')];
  return folders.find((folder) => existsSync(join(folder, 'index.html'))) ?? null;
}
