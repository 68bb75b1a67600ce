import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const HALF_BYTES = 8;

/**
 * Makes the tokens of callback URLs: 32 hex digits, of which 64 bits are random and 64 a keyed hash of those, so that a
 * token of this deployment is told from a made-up one without asking the database. To anybody without the key all 128
 * bits are unpredictable.
 *
 * A match only decides how much memory a delivery may use. What it says is believed for its signature and its job.
 */
export class CallbackTokens {
  readonly #key: Buffer;

  /** @param secret the same in all instances; with another one old tokens still find their jobs */
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
