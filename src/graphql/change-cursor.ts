import { createHash } from 'node:crypto';

const PREFIX = 'CHG';

/** A position in an owner's changes as text, which is of no use to another owner. */
export function cursorOf(ownerId: string, position: bigint): string {
  return Buffer.from(`${PREFIX}:${digestOf(ownerId)}:${position}`).toString('base64url');
}

/** The position; null for a text that cursorOf() has not made for this owner. */
export function positionIn(cursor: string, ownerId: string): bigint | null {
  const text = Buffer.from(cursor.slice(0, MAX_LENGTH), 'base64url').toString();
  const digits = /:(\d{1,18})$/.exec(text)?.[1];
  if (digits === undefined) return null;
  const position = BigInt(digits);
  return cursorOf(ownerId, position) === cursor ? position : null;
}

const MAX_LENGTH = 100;

function digestOf(ownerId: string): string {
  return createHash('sha256').update(ownerId).digest('base64url').slice(0, 16);
}
