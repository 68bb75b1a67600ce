import { refuse, type Result } from '../../domain/refusal.ts';
import type { NewJob } from '../../jobs/submit.ts';

type Key = { readonly ownerId_idempotencyKey: { readonly ownerId: string; readonly idempotencyKey: string } };

/** The row of an earlier call with this idempotency key and input; null when the key is new. */
export async function earlierCall<Row extends { readonly idempotencyDigest: string | null }>(
  ownerId: string,
  idempotency: NewJob['idempotency'],
  find: (where: Key) => Promise<Row | null>,
): Promise<Result<Row, 'IDEMPOTENCY_CONFLICT'> | null> {
  if (idempotency === null) return null;
  const { key: idempotencyKey, digest } = idempotency;
  const first = await find({ ownerId_idempotencyKey: { ownerId, idempotencyKey } });
  if (first === null) return null;
  if (first.idempotencyDigest === digest) return { done: first };
  const message = 'This idempotencyKey was used before with another input. Use a new key.';
  return refuse('IDEMPOTENCY_CONFLICT', message);
}
