import type { BodyBudget } from './body-budget.ts';

export type BodyReading =
  | { readonly kind: 'read'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' }
  /** Other requests use up the budget. */
  | { readonly kind: 'no-room' }
  /** The sender disconnected. */
  | { readonly kind: 'broken' };

export type BodyLimits = {
  readonly maxBytes: number;
  /** For the whole body, so that a slow sender cannot hold a handler. */
  readonly timeoutMs: number;
  readonly budget: BodyBudget;
  /** Part of the budget to use. */
  readonly key: string;
};

/** Read without a reservation, so that small bodies pass when large ones use up the budget. */
const FREE_BYTES = 4096;

/**
 * Reads a body within a budget. The reservation lasts until `use` has ended. Received bytes are reserved, not declared
 * ones. A declared length that does not fit is refused before reading.
 */
export async function withBody<T>(
  request: Request,
  limits: BodyLimits,
  use: (body: BodyReading) => T | Promise<T>,
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

/** In bytes, 0 if not declared. Node refuses a value that is not a number. */
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
