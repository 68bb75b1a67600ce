export type BodyReading =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'too-slow' }
  /** The sender went away before the end. */
  | { readonly kind: 'broken' };

/**
 * Reads a request's body, counting while reading: a declared length is only believed when it is too large.
 *
 * @param maxBytes the most that is taken in; one byte more ends the reading
 * @param timeoutMs for the whole body, so that a byte a second does not hold a handler for ever
 */
export async function readBody(request: Request, maxBytes: number, timeoutMs: number): Promise<BodyReading> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) return { kind: 'too-large' };
  const reader = request.body?.getReader() as ReadableStreamDefaultReader<Uint8Array> | undefined;
  if (reader === undefined) return { kind: 'read', bytes: new Uint8Array() };
  const late = { is: false };
  const timer = setTimeout(() => {
    late.is = true;
    reader.cancel().catch(() => undefined);
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
        reader.cancel().catch(() => undefined);
        return { kind: 'too-large' };
      }
      chunks.push(value);
    }
  } catch {
    return { kind: late.is ? 'too-slow' : 'broken' };
  } finally {
    clearTimeout(timer);
  }
}
