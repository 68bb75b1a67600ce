import { createHash, timingSafeEqual } from 'node:crypto';

/** @param token expected bearer token; null: public */
export function isMetricsReader(token: string | null, authorization: string | null): boolean {
  if (token === null) return true;
  // timingSafeEqual needs equal lengths, which hashes have.
  const given = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  return timingSafeEqual(sha256(token), sha256(given));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
