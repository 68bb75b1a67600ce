import { createHash } from 'node:crypto';
import { HEAD_BYTES, mediaType } from '../values/image-type.ts';

export class TooLargeError extends Error {
  override readonly name = 'TooLargeError';
}

/** Passes the chunks of a file on, up to a size, and measures them. */
export class CountedChunks implements AsyncIterable<Uint8Array> {
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #maxBytes: number;
  readonly #hash = createHash('sha256');
  #head: Buffer = Buffer.alloc(0);
  #size = 0;

  constructor(chunks: AsyncIterable<Uint8Array>, maxBytes: number) {
    this.#chunks = chunks;
    this.#maxBytes = maxBytes;
  }

  /** @throws TooLargeError */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#chunks) {
      if (this.#head.length < HEAD_BYTES)
        this.#head = Buffer.concat([this.#head, chunk.subarray(0, HEAD_BYTES - this.#head.length)]);
      this.#size += chunk.byteLength;
      if (this.#size > this.#maxBytes)
        throw new TooLargeError(`The file is larger than ${this.#maxBytes} bytes.`);
      this.#hash.update(chunk);
      yield chunk;
    }
  }

  /** The beginning of the file, which shows its type. */
  get head(): Uint8Array {
    return this.#head;
  }

  /** Once, after the last chunk. */
  summary(): { readonly size: number; readonly sha256: string; readonly contentType: string } {
    return { size: this.#size, sha256: this.#hash.digest('hex'), contentType: mediaType(this.#head) };
  }
}
