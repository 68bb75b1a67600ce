import { createHash } from 'node:crypto';
import * as z from 'zod';

const RANK = 4;
const WIDTH = 64;
const PARTS = ['lora_A', 'lora_B'];

/** Real headers have some hundred kilobytes; parsing a huge one would block the event loop. */
const LARGEST_HEADER_BYTES = 1024 * 1024;
export const LORA_HEAD_BYTES = 8 + LARGEST_HEADER_BYTES;

const header = z.object({ __metadata__: z.record(z.string(), z.string()).optional() });

/** A small valid safetensors file: header length, JSON header, two tensors. */
export function writeLora(metadata: Record<string, string>): Buffer {
  const tensors: Record<string, unknown> = {};
  const bytes = RANK * WIDTH * 4;
  PARTS.forEach((part, index) => {
    const shape = part === 'lora_A' ? [RANK, WIDTH] : [WIDTH, RANK];
    const name = `transformer.single_transformer_blocks.0.attn.to_q.${part}.weight`;
    tensors[name] = { dtype: 'F32', shape, data_offsets: [index * bytes, (index + 1) * bytes] };
  });
  const json = JSON.stringify({ __metadata__: { format: 'pt', ...metadata }, ...tensors });
  // The format aligns tensors to eight bytes and pads with spaces.
  const head = Buffer.from(json.padEnd(Math.ceil(Buffer.byteLength(json) / 8) * 8, ' '));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, weights(JSON.stringify(metadata), PARTS.length * RANK * WIDTH)]);
}

/**
 * Null for another format.
 * @param file at least its first LORA_HEAD_BYTES
 */
export function readLoraMetadata(file: Buffer): Record<string, string> | null {
  if (file.length < 8) return null;
  const length = file.readBigUInt64LE();
  if (length > BigInt(file.length - 8)) return null;
  try {
    const parsed = header.safeParse(JSON.parse(file.toString('utf8', 8, 8 + Number(length))));
    return parsed.success ? (parsed.data.__metadata__ ?? {}) : null;
  } catch {
    return null;
  }
}

function weights(from: string, count: number): Buffer {
  const data = Buffer.alloc(count * 4);
  let hash = createHash('sha256').update(from).digest();
  for (let index = 0; index < count; index += 1) {
    if (index % hash.length === 0) hash = createHash('sha256').update(hash).digest();
    data.writeFloatLE(((hash[index % hash.length] ?? 0) - 127.5) / 12_750, index * 4);
  }
  return data;
}
