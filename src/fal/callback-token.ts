import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const HALF_BYTES = 8;

/**
 * Makes the tokens of callback URLs: 32 hex digits, 64 random bits and 64 bits of their keyed hash. That distinguishes a
 * token of this deployment from an invented one without a database query. Without the key all 128 bits are unpredictable.
 *
 * A match only decides how much memory a delivery may use. Trust comes from the signature and the job.
 */
export class CallbackTokens {
  readonly #key: Buffer;

  /** @param secret the same in all instances; after a change old tokens still find their jobs */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('callback token').digest();
  }

  create(): string {
    const random = randomBytes(HALF_BYTES);
    return Buffer.concat([random, this.#hash(random)]).toString('hex');
  }

  isOurs(token: string): boolean {
    const bytes = Buffer.from(token, 'hex');
    if (bytes.length !== 2 * HALF_BYTES) return false;
    return timingSafeEqual(this.#hash(bytes.subarray(0, HALF_BYTES)), bytes.subarray(HALF_BYTES));
  }

  #hash(random: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(random).digest().subarray(0, HALF_BYTES);
  }
}
