import { GrowingBuffer } from './growing-buffer.ts';

/** A body as text, read no further than `maxBytes`; throws when it is larger or breaks off. */
export async function readText(response: Response, maxBytes: number): Promise<string> {
  const body = new GrowingBuffer(maxBytes);
  for await (const chunk of response.body ?? []) {
    const bytes = chunk as Uint8Array;
    if (body.size + bytes.byteLength > maxBytes)
      throw new Error(`the response is larger than ${maxBytes} bytes`);
    body.append(bytes);
  }
  return body.bytes.toString('utf8');
}
