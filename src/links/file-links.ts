import type { IncomingMessage } from 'node:http';
import { LinkProblem, openLink, resolveHost, type OpenOptions, type Resolve } from './open-link.ts';
import { timeLimit } from '../async/time-limit.ts';
import type { FileSource, OpenedFile } from '../jobs/files/copy-files.ts';

const STALL_MS = 30_000;

/** Statuses of fal for a file that does not exist, or no longer exists. */
const GONE: ReadonlySet<number | undefined> = new Set([401, 403, 404, 410, 451]);

type FileLinksOptions = Pick<OpenOptions, 'trustedOrigins'> & {
  /** Ends the transfers under way. */
  readonly closing: AbortSignal;
  readonly resolve?: Resolve;
  /** Between two chunks. */
  readonly stallMs?: number;
};

/** Reads the files of runs at fal, from public addresses only: the addresses come from the responses of models. */
export class FileLinks implements FileSource {
  readonly #options: FileLinksOptions;

  constructor(options: FileLinksOptions) {
    this.#options = options;
  }

  async open(
    url: string,
    { timeoutMs, maxBytes }: { readonly timeoutMs: number; readonly maxBytes: number },
  ): Promise<OpenedFile> {
    const { trustedOrigins, closing, resolve = resolveHost, stallMs = STALL_MS } = this.#options;
    const { signal, end } = timeLimit(timeoutMs, closing);
    try {
      const response = await openLink(url, {
        trustedOrigins,
        resolve: async (host) => {
          const addresses = await resolve(host);
          // An outage of the DNS looks the same, so this is no verdict about the file.
          if (addresses.length === 0) throw new Error(`${host} has no address`);
          return addresses;
        },
        signal,
      });
      const problem = problemWith(response, maxBytes);
      if (problem !== null) {
        response.destroy();
        end();
        return problem;
      }
      response.socket.setTimeout(stallMs, () => response.destroy(new Error(`no data for ${stallMs} ms`)));
      return {
        kind: 'open',
        chunks: response,
        close: () => {
          response.destroy();
          end();
        },
      };
    } catch (error) {
      end();
      if (error instanceof LinkProblem) return { kind: 'refused', message: `Expected ${error.message}.` };
      return { kind: 'unreachable', message: error instanceof Error ? error.message : String(error) };
    }
  }
}

function problemWith(
  { statusCode, headers }: IncomingMessage,
  maxBytes: number,
): Exclude<OpenedFile, { kind: 'open' }> | null {
  if (GONE.has(statusCode)) return { kind: 'gone', message: `fal responded with HTTP ${statusCode ?? ''}.` };
  if (statusCode !== 200)
    return { kind: 'unreachable', message: `fal responded with HTTP ${statusCode ?? 'none'}.` };
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    return { kind: 'refused', message: 'The file has a content encoding.' };
  if (Number(headers['content-length'] ?? 0) > maxBytes)
    return { kind: 'refused', message: `The file is larger than ${maxBytes} bytes.` };
  return null;
}
