import type { BodyBudget } from './body-budget.ts';

export type BodyReading =
  | { readonly kind: 'read'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' }
  /** The bodies of other requests use up the budget. */
  | { readonly kind: 'no-room' }
  /** The sender went away before the end. */
  | { readonly kind: 'broken' };

export type BodyLimits = {
  /** The most that is taken in; one byte more ends the reading. */
  readonly maxBytes: number;
  /** For the whole body, so that a byte a second does not hold a handler for ever. */
  readonly timeoutMs: number;
  readonly budget: BodyBudget;
  /** Whose part of the budget it uses. */
  readonly key: string;
};

/** The beginning of every body is read without a reservation, so that small ones get through where large ones wait. */
const FREE_BYTES = 4096;

/**
 * Reads a request's body within a budget and hands it to `use`; the reservation lasts until `use` has ended. Bytes are
 * reserved as they come: a length that is only declared takes no room. A large body that does not fit is refused before
 * it is read.
 */
export async function withBody<T>(
  request: Request,
  limits: BodyLimits,
  use: (body: BodyReading) => Promise<T>,
): Promise<T> {
  const { budget, key, maxBytes } = limits;
  const declared = declaredLength(request);
  if (declared > maxBytes) return use({ kind: 'too-large' });
  if (declared > FREE_BYTES && !budget.fits(key, declared)) return use({ kind: 'no-room' });
  const reserved = { bytes: 0 };
  try {
    return await use(await readReserved(request, limits, reserved));
  } finally {
    budget.release(key, reserved.bytes);
  }
}

/** In bytes, 0 where nothing is declared; Node refuses what is no number. */
export function declaredLength({ headers }: Request): number {
  return Number(headers.get('content-length') ?? 0);
}

async function readReserved(
  request: Request,
  { maxBytes, timeoutMs, budget, key }: BodyLimits,
  reserved: { bytes: number },
): Promise<BodyReading> {
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  if (reader === undefined) return { kind: 'read', bytes: new Uint8Array() };
  const late = { is: false };
  const cancel = () => void reader.cancel().catch(() => undefined);
  const timer = setTimeout(() => {
    late.is = true;
    cancel();
  }, timeoutMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (late.is) return { kind: 'too-slow' };
      if (done) return { kind: 'read', bytes: Buffer.concat(chunks) };
      size += value.byteLength;
      if (size > maxBytes) {
        cancel();
        return { kind: 'too-large' };
      }
      if (size > FREE_BYTES) {
        if (!budget.reserve(key, size - reserved.bytes)) {
          cancel();
          return { kind: 'no-room' };
        }
        reserved.bytes = size;
      }
      chunks.push(value);
    }
  } catch {
    return { kind: late.is ? 'too-slow' : 'broken' };
  } finally {
    clearTimeout(timer);
  }
}
