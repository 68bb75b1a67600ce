import { isJsonObject, type Json, type JsonObject } from '../values/json.ts';
import { MB } from '../values/units.ts';

/** The length of the header, in bytes, before the header itself. */
export const LENGTH_BYTES = 8;
/** A LoRA's header has some hundred kilobytes at most, and its JSON is parsed at once. */
export const MAX_HEADER_BYTES = MB;

const MAX_DIMENSIONS = 16;

/** What was expected instead of this header of a safetensors file with so many bytes of tensors; null if it fits. */
export function expectedHeader(header: string, tensorBytes: number): string | null {
  const tensors = tensorsIn(header);
  if (tensors === null) return 'a safetensors header: a JSON object';
  if (tensors.length === 0) return 'a safetensors header with tensors';
  let end = 0;
  for (const tensor of tensors) {
    const offsets = isJsonObject(tensor) ? offsetsOf(tensor) : null;
    if (offsets === null) return 'a safetensors header whose tensors have dtype, shape and data_offsets';
    end = Math.max(end, offsets.end);
  }
  // The format allows no bytes after the last tensor.
  return end === tensorBytes ? null : 'a file of the length in its safetensors header';
}

function tensorsIn(header: string): readonly Json[] | null {
  try {
    const parsed = JSON.parse(header) as Json;
    if (!isJsonObject(parsed)) return null;
    return Object.entries(parsed).flatMap(([name, value]) => (name === '__metadata__' ? [] : [value]));
  } catch {
    return null;
  }
}

function offsetsOf({ dtype, shape, data_offsets: offsets }: JsonObject): { readonly end: number } | null {
  if (typeof dtype !== 'string' || !isShape(shape) || !Array.isArray(offsets)) return null;
  const [start, end, ...more] = offsets as readonly Json[];
  return isCount(start) && isCount(end) && start <= end && more.length === 0 ? { end } : null;
}

function isShape(shape: Json | undefined): boolean {
  return Array.isArray(shape) && shape.length <= MAX_DIMENSIONS && shape.every(isCount);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
