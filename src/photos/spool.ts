import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { CountedChunks, TooLargeError } from '../storage/counted-chunks.ts';
import { isFull, requireRoom } from '../storage/local-storage.ts';

export type Spooled =
  | { readonly kind: 'spooled'; readonly path: string; readonly sha256: string; readonly head: Uint8Array }
  | { readonly kind: 'wrong-length' | 'too-slow' | 'broken' | 'full' };

type SpoolLimits = {
  /** In bytes. */
  readonly size: number;
  /** Between two chunks. */
  readonly stallMs: number;
  /** For all of them. */
  readonly timeoutMs: number;
};

/** Files of uploads while they arrive and are checked. Nothing of them stays in memory. */
export class Spool {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A name for another file in the folder. */
  newPath(): string {
    return join(this.#folder, randomUUID());
  }

  /** Writes the chunks to a file until `size` bytes are there. Leaves no file behind unless all of it is. */
  async receive(chunks: AsyncIterable<Uint8Array>, limits: SpoolLimits): Promise<Spooled> {
    const path = this.newPath();
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      await requireRoom(this.#folder);
      const read = await writeTo(path, chunks, limits);
      if (read.kind !== 'spooled') await rm(path, { force: true });
      return read;
    } catch (error) {
      await rm(path, { force: true });
      if (isFull(error)) return { kind: 'full' };
      throw error;
    }
  }

  async remove(...paths: readonly string[]): Promise<void> {
    await Promise.all(paths.map((path) => rm(path, { force: true })));
  }

  /** Removes files that a process left behind when it was killed. */
  async sweep(olderThanMs: number): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      const path = join(this.#folder, name);
      const found = await stat(path).catch(() => null);
      if (found !== null && Date.now() - found.mtimeMs > olderThanMs) await rm(path, { force: true });
    }
  }
}

async function writeTo(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
  limits: SpoolLimits,
): Promise<Spooled> {
  const counted = new CountedChunks(chunks, limits.size);
  const until = performance.now() + limits.timeoutMs;
  const file = await open(path, 'wx', 0o600);
  const reader = counted[Symbol.asyncIterator]();
  try {
    for (;;) {
      const waitMs = Math.min(limits.stallMs, until - performance.now());
      const step = await nextWithin(reader, waitMs);
      if (typeof step === 'string') return { kind: step };
      if (step.done === true) break;
      await file.writeFile(step.value);
    }
    const { size, sha256 } = counted.summary();
    return size === limits.size
      ? { kind: 'spooled', path, sha256, head: counted.head }
      : { kind: 'wrong-length' };
  } finally {
    // Not awaited: a read of a silent sender ends with its connection.
    reader.return(undefined).catch(() => undefined);
    await file.close();
  }
}

/** The next chunk; `too-slow` after a time without one, `broken` when the sender has disconnected. */
async function nextWithin<T>(
  reader: AsyncIterator<T>,
  ms: number,
): Promise<IteratorResult<T> | 'too-slow' | 'broken' | 'wrong-length'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'too-slow'>((resolve) => {
    timer = setTimeout(() => resolve('too-slow'), Math.max(ms, 0));
  });
  const next = reader
    .next()
    .catch((error: unknown) => (error instanceof TooLargeError ? 'wrong-length' : 'broken'));
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}
