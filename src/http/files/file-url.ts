import { createHmac, timingSafeEqual } from 'node:crypto';
import { HOUR_MS } from '../../values/units.ts';
import type { ServedRef } from '../../jobs/files/open-file.ts';
import type { OwnAddress } from '../own-address.ts';

export const FILE_PATH = '/files';

/** 39 bytes as base64url. */
const PATH = /^\/files\/([\w-]{52})$/;

/** The kind of the id, the id, the position and the hour at whose beginning the URL expires. */
const PAYLOAD_BYTES = 1 + 16 + 2 + 4;
const MAC_BYTES = 16;
const KINDS = ['gen', 'job', 'pho'];

export type FileToken =
  | { readonly kind: 'valid'; readonly ref: ServedRef; readonly expiresAt: number }
  | { readonly kind: 'malformed' | 'forged' | 'expired' };

/**
 * Makes and reads the URLs of files. A URL is the right to read one file, for one to two hours: the expiry is a full
 * hour, so that a browser gets the same URL for an hour and keeps the file.
 */
export class FileUrls {
  readonly #key: Buffer;
  readonly #address: OwnAddress;

  /** @param secret the same in all instances; after a change of it earlier URLs are void */
  constructor(secret: string, address: OwnAddress) {
    this.#key = createHmac('sha256', secret).update('file url').digest();
    this.#address = address;
  }

  urlOf(ref: ServedRef, host: string | undefined, now = Date.now()): string {
    const [id, position] = 'photoId' in ref ? [ref.photoId, 0] : [ref.sourceId, ref.position];
    const payload = Buffer.alloc(PAYLOAD_BYTES);
    payload[0] = KINDS.indexOf(id.slice(0, 3));
    payload.write(id.slice(4), 1, 'hex');
    payload.writeUInt16BE(position, 17);
    payload.writeUInt32BE(Math.floor(now / HOUR_MS) + 2, 19);
    const token = Buffer.concat([payload, this.#mac(payload)]).toString('base64url');
    return `${this.#address(host)}${FILE_PATH}/${token}`;
  }

  /** @param path of the request */
  read(path: string, now = Date.now()): FileToken {
    const token = PATH.exec(path)?.[1];
    if (token === undefined) return { kind: 'malformed' };
    const bytes = Buffer.from(token, 'base64url');
    const payload = bytes.subarray(0, PAYLOAD_BYTES);
    if (!timingSafeEqual(this.#mac(payload), bytes.subarray(PAYLOAD_BYTES))) return { kind: 'forged' };
    const expiresAt = payload.readUInt32BE(19) * HOUR_MS;
    if (expiresAt <= now) return { kind: 'expired' };
    const kind = KINDS[payload[0] ?? 0] ?? '';
    const id = `${kind}_${payload.toString('hex', 1, 17)}`;
    const ref = kind === 'pho' ? { photoId: id } : { sourceId: id, position: payload.readUInt16BE(17) };
    return { kind: 'valid', ref, expiresAt };
  }

  #mac(payload: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest().subarray(0, MAC_BYTES);
  }
}
