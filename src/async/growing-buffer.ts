/**
 * Bytes that arrive in chunks, in one buffer that doubles. A chunk that is kept as it came takes some hundred bytes more
 * than it has, and a sender may send chunks of one byte.
 */
export class GrowingBuffer {
  readonly #expected: number;
  #buffer = Buffer.alloc(0);
  #size = 0;

  /** @param expected the most bytes that should arrive; more make the buffer no larger than they need */
  constructor(expected: number) {
    this.#expected = expected;
  }

  /** Of the bytes. */
  get size(): number {
    return this.#size;
  }

  get bytes(): Buffer<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#size);
  }

  /** The size of the buffer after this chunk. */
  capacityWith(chunk: Uint8Array): number {
    const capacity = this.#buffer.byteLength;
    const size = this.#size + chunk.byteLength;
    return size <= capacity ? capacity : Math.max(size, Math.min(2 * capacity, this.#expected));
  }

  append(chunk: Uint8Array): void {
    const capacity = this.capacityWith(chunk);
    if (capacity > this.#buffer.byteLength) {
      const larger = Buffer.allocUnsafe(capacity);
      larger.set(this.bytes);
      this.#buffer = larger;
    }
    this.#buffer.set(chunk, this.#size);
    this.#size += chunk.byteLength;
  }
}
