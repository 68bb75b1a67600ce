import type { IncomingMessage } from 'node:http';
import { LENGTH_BYTES, MAX_HEADER_BYTES, expectedHeader } from '../catalog/safetensors.ts';
import { GrowingBuffer } from '../async/growing-buffer.ts';
import { KeyedSemaphore } from '../async/keyed-semaphore.ts';
import { timeLimit } from '../async/time-limit.ts';
import { LinkProblem, openLink, resolveHost, type OpenOptions, type Resolve } from './open-link.ts';
import type { LoraLinkChecks } from '../jobs/import-avatar.ts';

const MAX_FILE_BYTES = 5_000_000_000;
const TIMEOUT_MS = 15_000;
const MAX_CHECKS_OF_OWNER = 3;
const MAX_CHECKS = 30;

const RANGE = `bytes=0-${LENGTH_BYTES + MAX_HEADER_BYTES - 1}`;

type LoraLinksOptions = Pick<OpenOptions, 'trustedOrigins'> & {
  /** Ends the checks under way. */
  readonly closing?: AbortSignal;
  readonly resolve?: Resolve;
  readonly timeoutMs?: number;
};

/** Reads the beginning of files that callers link to, without their tensors. */
export class LoraLinks implements LoraLinkChecks {
  readonly #options: LoraLinksOptions;
  readonly #checks = new KeyedSemaphore(MAX_CHECKS_OF_OWNER, MAX_CHECKS);

  constructor(options: LoraLinksOptions) {
    this.#options = options;
  }

  async check(ownerId: string, link: string): ReturnType<LoraLinkChecks['check']> {
    return (await this.#checks.run(ownerId, () => this.#check(link))) ?? 'busy';
  }

  async #check(link: string): ReturnType<LoraLinkChecks['check']> {
    const { trustedOrigins, closing, resolve = resolveHost, timeoutMs = TIMEOUT_MS } = this.#options;
    const { signal, end } = timeLimit(timeoutMs, closing);
    try {
      const response = await openLink(link, { trustedOrigins, resolve, range: RANGE, signal });
      try {
        const size = sizeOf(response);
        const header = await readHeader(response, size);
        const expected = expectedHeader(header.text, size - LENGTH_BYTES - header.bytes);
        return expected === null ? 'valid' : { expected };
      } finally {
        response.destroy();
      }
    } catch (error) {
      if (error instanceof LinkProblem) return { expected: error.message };
      return {
        expected: signal.aborted
          ? `a host that sends the beginning of the file within ${timeoutMs / 1000} s`
          : 'a host that responds over HTTP and sends the beginning of the file',
      };
    } finally {
      end();
    }
  }
}

/** The size of the whole file, in bytes. */
function sizeOf({ statusCode, headers }: IncomingMessage): number {
  if (statusCode !== 200 && statusCode !== 206)
    throw new LinkProblem(`a file, which is sent with HTTP status 200 or 206, not ${statusCode ?? 'none'}`);
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new LinkProblem('a file that is sent without a content encoding');
  const [, size] =
    statusCode === 206
      ? (/^bytes 0-\d{1,15}\/(\d{1,15})$/.exec(headers['content-range'] ?? '') ?? [])
      : (/^(\d{1,15})$/.exec(headers['content-length'] ?? '') ?? []);
  if (size === undefined) throw new LinkProblem('a file whose size the host reports');
  const bytes = Number(size);
  if (bytes > MAX_FILE_BYTES) throw new LinkProblem(`a file of at most ${MAX_FILE_BYTES / 1e9} GB`);
  return bytes;
}

async function readHeader(
  response: IncomingMessage,
  size: number,
): Promise<{ readonly text: string; readonly bytes: number }> {
  const beginning = new GrowingBuffer(LENGTH_BYTES + MAX_HEADER_BYTES);
  let headerBytes: number | null = null;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    beginning.append(chunk);
    if (headerBytes === null && beginning.size >= LENGTH_BYTES)
      headerBytes = headerLength(beginning.bytes, size);
    if (headerBytes !== null && beginning.size >= LENGTH_BYTES + headerBytes) {
      const text = beginning.bytes.toString('utf8', LENGTH_BYTES, LENGTH_BYTES + headerBytes);
      return { text, bytes: headerBytes };
    }
  }
  throw new LinkProblem('a file with a complete safetensors header');
}

function headerLength(beginning: Buffer, size: number): number {
  const length = beginning.readBigUInt64LE();
  if (length > BigInt(MAX_HEADER_BYTES) || length > BigInt(Math.max(0, size - LENGTH_BYTES)))
    throw new LinkProblem(`a safetensors file with a header of at most ${MAX_HEADER_BYTES} bytes`);
  return Number(length);
}
