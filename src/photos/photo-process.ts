import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import * as z from 'zod';
import { PHOTO_LIMITS, STORED_SIDE } from '../domain/photo.ts';
import { KeyedMutex } from '../async/keyed-mutex.ts';
import type { Log } from '../log/log.ts';

/** Ends the process after this time without work: it takes 100 MB. */
const IDLE_MS = 10_000;
/** 100 million pixels take a second on an idle machine. */
const PHOTO_TIMEOUT_MS = 30_000;
/** The longer side of the grey version that is measured. */
const GREY_SIDE = 512;

/**
 * Runs in the child: `node -e <this> <path of sharp>`, one JSON object a line in and out. Only the decoders of the
 * allowed types work in it. Source text and not a file: the server is one bundled file.
 */
const CHECK = `
  const sharp = require(process.argv[1]);
  sharp.cache(false);
  sharp.concurrency(1);
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['Jpeg', 'Png', 'Webp'].map((type) => 'VipsForeignLoad' + type + 'File') });
  process.stdout.write('ready\\n');
  const openFile = (path) => sharp(path, { failOn: 'error', limitInputPixels: false, sequentialRead: true });
  const rawOf = async (image) => {
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return { data, raw: { width: info.width, height: info.height, channels: info.channels } };
  };
  async function check({ path, output, side, greySide, maxSide, maxPixels, maxPixelsAtOnce }) {
    const { format, width, height, orientation = 1, isProgressive } = await openFile(path).metadata();
    const isTurned = orientation >= 5;
    const isWhole = format === 'webp' || isProgressive === true || (isTurned && format !== 'jpeg');
    if (Math.max(width, height) > maxSide) return { problem: 'TOO_MANY_PIXELS' };
    if (width * height > (isWhole ? maxPixelsAtOnce : maxPixels)) return { problem: 'TOO_MANY_PIXELS' };
    const within = (length) => ({ width: length, height: length, fit: 'inside', withoutEnlargement: true });
    const stored = await rawOf(
      openFile(path).autoOrient().resize(within(side)).flatten({ background: '#fff' }).toColourspace('srgb'),
    );
    await sharp(stored.data, { raw: stored.raw }).jpeg({ quality: 92 }).toFile(output);
    const grey = await rawOf(sharp(stored.data, { raw: stored.raw }).resize(within(greySide)).greyscale());
    return {
      format,
      width: isTurned ? height : width,
      height: isTurned ? width : height,
      grey: { width: grey.raw.width, height: grey.raw.height, pixels: grey.data.toString('base64') },
    };
  }
  (async () => {
    for await (const line of require('node:readline').createInterface({ input: process.stdin })) {
      const result = await check(JSON.parse(line)).catch((error) => ({ problem: 'DAMAGED', message: String(error) }));
      process.stdout.write(JSON.stringify(result) + '\\n');
    }
  })();
`;

const resultSchema = z.union([
  z.object({ problem: z.enum(['DAMAGED', 'TOO_MANY_PIXELS']) }),
  z.object({
    format: z.string(),
    width: z.int(),
    height: z.int(),
    grey: z.object({
      width: z.int(),
      height: z.int(),
      pixels: z.string().transform((text): Uint8Array => Buffer.from(text, 'base64')),
    }),
  }),
]);

type PhotoResult = z.output<typeof resultSchema>;

/**
 * Decodes photos one at a time in a process of its own: a decoder that crashes or never returns ends that process only,
 * which has none of this process's secrets, and gives its memory back. The process starts with the first photo. Owners take
 * turns: the photos of one, which may take half a minute each, do not keep those of all others waiting.
 */
export class PhotoProcess {
  readonly #turns = new KeyedMutex();
  #last: Promise<unknown> = Promise.resolve();
  #child: ChildProcessWithoutNullStreams | null = null;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Writes the photo as it is stored to `output`: upright, as a JPEG without metadata, scaled down if it is larger. */
  check(ownerId: string, path: string, output: string): Promise<PhotoResult> {
    return this.#turns.run(ownerId, () => this.#checkNext(path, output));
  }

  #checkNext(path: string, output: string): Promise<PhotoResult> {
    const result = this.#last.then(() => this.#check(path, output));
    this.#last = result.catch(() => undefined);
    return result;
  }

  /** Resolves when the process has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ended = this.#child && once(this.#child, 'exit');
    this.#end('SIGKILL');
    await ended;
    await this.#last;
  }

  async #check(path: string, output: string): Promise<PhotoResult> {
    if (this.#hasClosed()) throw new Error('the server is closing');
    clearTimeout(this.#idle);
    const child = this.#child ?? (await this.#start());
    const request = {
      path,
      output,
      side: STORED_SIDE,
      greySide: GREY_SIDE,
      maxSide: PHOTO_LIMITS.maxSide,
      maxPixels: PHOTO_LIMITS.pixels,
      maxPixelsAtOnce: PHOTO_LIMITS.pixelsAtOnce,
    };
    try {
      const line = await answerOf(child, `${JSON.stringify(request)}\n`);
      return resultSchema.parse(JSON.parse(line));
    } catch (error) {
      this.#end('SIGKILL');
      if (this.#hasClosed()) throw error;
      this.#log.warn({ err: error }, 'photo decoder process ended during a photo');
      return { problem: 'DAMAGED' };
    } finally {
      this.#idle = setTimeout(() => this.#end('SIGTERM'), IDLE_MS).unref();
    }
  }

  async #start(): Promise<ChildProcessWithoutNullStreams> {
    // Known from its beginning: close() ends one that is not ready yet too.
    const child = (this.#child = spawnDecoder());
    // It may be killed between two photos.
    child.once('exit', () => {
      if (this.#child === child) this.#child = null;
    });
    try {
      // Without it the decoders cannot be loaded at all, which is not the fault of a photo.
      await answerOf(child, '');
    } catch (error) {
      this.#end('SIGKILL');
      throw error;
    }
    return child;
  }

  #hasClosed(): boolean {
    return this.#isClosed;
  }

  #end(signal: NodeJS.Signals): void {
    clearTimeout(this.#idle);
    this.#child?.kill(signal);
    this.#child = null;
  }
}

function spawnDecoder(): ChildProcessWithoutNullStreams {
  const sharp = createRequire(import.meta.url).resolve('sharp');
  const child = spawn(process.execPath, ['-e', CHECK, sharp], {
    // No secrets, and no memory for each thread.
    env: { MALLOC_ARENA_MAX: '1', UV_THREADPOOL_SIZE: '1' },
  });
  // A request to a process that has ended: its 'close' reports that.
  child.stdin.on('error', () => undefined);
  child.stderr.resume();
  return child;
}

/** The next line that the process prints. Rejects when it ends, or after a time. */
async function answerOf(child: ChildProcessWithoutNullStreams, request: string): Promise<string> {
  const over = new AbortController();
  const lines = createInterface({ input: child.stdout });
  const late = setTimeout(
    () => over.abort(new Error(`timed out after ${PHOTO_TIMEOUT_MS} ms`)),
    PHOTO_TIMEOUT_MS,
  );
  const onEnd = () => over.abort(new Error('the photo decoder process has ended'));
  child.once('error', onEnd).once('close', onEnd);
  try {
    child.stdin.write(request);
    const [line] = (await once(lines, 'line', { signal: over.signal })) as [string];
    return line;
  } finally {
    clearTimeout(late);
    child.off('error', onEnd).off('close', onEnd);
    lines.close();
  }
}
