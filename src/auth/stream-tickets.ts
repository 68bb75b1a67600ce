import { EncryptJWT, errors, jwtDecrypt } from 'jose';
import { createHmac } from 'node:crypto';
import { bad, type Identity } from './authenticate.ts';
import type { Viewer } from './viewer.ts';

const LIFETIME_S = 60;
/** Clocks of instances differ. */
const CLOCK_TOLERANCE_S = 5;
/** In characters; a ticket of the longest owner id has fewer. */
const MAX_LENGTH = 2000;

export type StreamTicket = { readonly ticket: string; readonly expiresAt: Date };

/**
 * Makes and reads the tickets that open event streams instead of a token, for EventSource, which cannot send headers. They
 * are encrypted: they are part of URLs, which proxies log, and an owner id may be personal.
 *
 * A ticket works repeatedly until it expires, because EventSource reconnects with the same URL.
 */
export class StreamTickets {
  readonly #key: Uint8Array;

  /** @param secret the same in all instances; after a change of it earlier tickets are void */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('stream ticket').digest();
  }

  /** A ticket expires with the token of its viewer at the latest. */
  async create({ ownerId, expiresAt }: Viewer, now = Date.now()): Promise<StreamTicket> {
    const endsAt = Math.floor(Math.min(now / 1000 + LIFETIME_S, (expiresAt ?? Infinity) / 1000));
    const ticket = await new EncryptJWT({ tokenExpiresAt: expiresAt })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .setSubject(ownerId)
      .setExpirationTime(endsAt)
      .encrypt(this.#key);
    return { ticket, expiresAt: new Date(endsAt * 1000) };
  }

  /** The viewer that created a ticket, with the expiry of the token that it then had. */
  async identify(ticket: string, now = Date.now()): Promise<Identity> {
    if (ticket.length > MAX_LENGTH) return bad('the stream ticket is not valid');
    try {
      const { payload } = await jwtDecrypt<{ tokenExpiresAt: number | null }>(ticket, this.#key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(now),
      });
      const { sub: ownerId = '', tokenExpiresAt: expiresAt } = payload;
      return { kind: 'viewer', viewer: { ownerId, expiresAt } };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return bad('the stream ticket has expired: create another');
      if (error instanceof errors.JOSEError) return bad('the stream ticket is not valid');
      throw error;
    }
  }
}
