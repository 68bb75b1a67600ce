import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { mkdir, rm } from 'node:fs/promises';
import { LinkProblem, openLink, resolveHost } from '../links/open-link.ts';
import { pipeline } from 'node:stream/promises';
import { report } from '../cli/command.ts';

const MAX_FILE_BYTES = 5_000_000_000;
const TIMEOUT_MS = 600_000;

type Sources = {
  readonly trustedOrigins: ReadonlySet<string>;
  /** The content of our own copy of a file; null if there is none. */
  readonly copyOf: (url: string) => Promise<AsyncIterable<Uint8Array> | null>;
};

/**
 * Downloads each file once, one after another: from our own storage, or from public addresses only, because a caller may
 * have chosen the address. A missing file is reported and left out.
 */
export async function downloadFiles(
  urls: readonly string[],
  folder: string,
  { trustedOrigins, copyOf }: Sources,
): Promise<number> {
  await mkdir(folder);
  let downloaded = 0;
  for (const [index, url] of urls.entries()) {
    const path = join(folder, `${index + 1}-${nameOf(url)}`);
    try {
      const copy = await copyOf(url).catch(() => null);
      if (copy === null) await download(url, path, trustedOrigins);
      else await pipeline(copy, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
      downloaded += 1;
    } catch (error) {
      await rm(path, { force: true });
      report(`not downloaded: ${url}: ${reasonOf(error)}`);
    }
  }
  return downloaded;
}

function reasonOf(error: unknown): string {
  if (error instanceof LinkProblem) return `expected ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

async function download(url: string, path: string, trustedOrigins: ReadonlySet<string>): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await openLink(url, { trustedOrigins, resolve: resolveHost, signal });
  if (response.statusCode !== 200) {
    response.destroy();
    throw new Error(`HTTP status ${response.statusCode ?? 'none'}`);
  }
  await pipeline(response, limited, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
}

async function* limited(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`);
    yield chunk;
  }
}

/** The last part of the path, without characters that are unsafe in a file name. */
function nameOf(url: string): string {
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  return name.replaceAll(/[^\w.-]/g, '_').slice(-100);
}
