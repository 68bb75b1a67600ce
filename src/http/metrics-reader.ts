import { createHash, timingSafeEqual } from 'node:crypto';

/** @param token what readers have to send as a bearer token; null: anybody may read */
export function isMetricsReader(token: string | null, authorization: string | null): boolean {
  if (token === null) return true;
  // Hashes are of equal length whatever was sent, so that the comparison tells nothing by its time.
  const given = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(sha256(token), sha256(given));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
