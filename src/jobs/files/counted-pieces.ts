import { createHash } from 'node:crypto';

/** The beginning of a file, which shows its type. */
const HEAD_BYTES = 32;

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** Passes pieces on, up to a size, and knows what they were. */
export class CountedPieces implements AsyncIterable<Uint8Array> {
  readonly #pieces: AsyncIterable<Uint8Array>;
  readonly #maxBytes: number;
  readonly #hash = createHash('sha256');
  #head: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(pieces: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#pieces = pieces;
    this.#maxBytes = maxBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#pieces) {
      if (this.#head.length < HEAD_BYTES)
        this.#head = Buffer.concat([this.#head, piece]).subarray(0, HEAD_BYTES);
      this.#size += piece.byteLength;
      if (this.#size > this.#maxBytes)
        throw new TooLargeError(`The file is larger than ${this.#maxBytes} bytes.`);
      this.#hash.update(piece);
      yield piece;
    }
  }

  /** Once, after the last piece. */
  summary(): { readonly size: number; readonly sha256: string; readonly contentType: string } {
    const contentType = typeOf(this.#head);
    return { size: this.#size, sha256: this.#hash.digest('hex'), contentType };
  }
}

/** The media type of a raster image by its first bytes; everything else is bytes. */
function typeOf(head: Uint8Array): string {
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (text.startsWith('GIF87a') || text.startsWith('GIF89a')) return 'image/gif';
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return 'image/webp';
  // The first brand, or one of those that the file is compatible with.
  if (text.slice(4, 8) === 'ftyp' && /^(?:.{8}|.{16}(?:.{4})*)avi[fs]/s.test(text)) return 'image/avif';
  return 'application/octet-stream';
}
