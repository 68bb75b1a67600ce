import { askForBody } from './expect-continue.ts';
import { GrowingBuffer } from '../async/growing-buffer.ts';
import type { BodyBudget } from './body-budget.ts';
import type { IncomingMessage } from 'node:http';

export type BodyReading =
  | { readonly kind: 'read'; readonly bytes: Buffer<ArrayBuffer> }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' }
  /** Other requests use up the budget. */
  | { readonly kind: 'no-room' }
  /** The sender disconnected. */
  | { readonly kind: 'broken' };

type BodyLimits = {
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
 * Reads a body within a budget. The reservation lasts until `use` has ended, and the work that it holds the body for.
 * What is reserved is the memory that received bytes take, not a declared length. A declared length that does not fit is
 * refused before reading.
 */
export async function withBody<T>(
  request: IncomingMessage,
  limits: BodyLimits,
  use: (body: BodyReading, holdUntil: (settled: Promise<unknown>) => void) => T | Promise<T>,
): Promise<T> {
  const { budget, key, maxBytes } = limits;
  const declared = declaredLength(request);
  const work: Promise<unknown>[] = [];
  const holdUntil = (settled: Promise<unknown>) => void work.push(settled);
  if (declared > maxBytes) return use({ kind: 'too-large' }, holdUntil);
  if (declared > FREE_BYTES && !budget.fits(key, declared)) return use({ kind: 'no-room' }, holdUntil);
  const reserved = { bytes: 0 };
  try {
    return await use(await readReserved(request, limits, reserved), holdUntil);
  } finally {
    void Promise.allSettled(work).then(() => budget.release(key, reserved.bytes));
  }
}

/** In bytes, 0 if not declared. Node refuses a value that is not a number. */
export function declaredLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

function readReserved(
  request: IncomingMessage,
  { maxBytes, timeoutMs, budget, key }: BodyLimits,
  reserved: { bytes: number },
): Promise<BodyReading> {
  return new Promise((resolve) => {
    const body = new GrowingBuffer(declaredLength(request) || maxBytes);
    const onData = (chunk: Buffer) => {
      if (body.size + chunk.byteLength > maxBytes) {
        finish({ kind: 'too-large' });
        return;
      }
      const capacity = body.capacityWith(chunk);
      if (capacity > FREE_BYTES) {
        if (!budget.reserve(key, capacity - reserved.bytes)) {
          finish({ kind: 'no-room' });
          return;
        }
        reserved.bytes = capacity;
      }
      body.append(chunk);
    };
    const onEnd = () => finish({ kind: 'read', bytes: body.bytes });
    // 'close' also follows the end of a whole body.
    const onClose = () => finish({ kind: 'broken' });
    const timer = setTimeout(() => finish({ kind: 'too-slow' }), timeoutMs);
    const finish = (reading: BodyReading) => {
      clearTimeout(timer);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      if (reading.kind !== 'read') {
        request.on('error', () => undefined);
        // Unread bytes stay in the socket; the server discards them after the response.
        request.pause();
      }
      resolve(reading);
    };
    askForBody(request);
    request.on('data', onData).once('end', onEnd).once('close', onClose).once('error', onClose);
    if (request.destroyed) onClose();
  });
}
