import jpeg from 'jpeg-js';
import { PNG } from 'pngjs';
import type { Size } from '../image-sizes.ts';
import { likenessMark, type Likeness } from '../likeness.ts';

export type Encoding = { format: 'jpeg' | 'png'; quality: number; likeness: Likeness };

export async function encode(
  pixels: Uint8Array,
  { width, height }: Size,
  { format, quality, likeness }: Encoding,
): Promise<Buffer> {
  if (format === 'jpeg') {
    return jpeg.encode({ data: pixels, width, height, comments: [likenessMark(likeness)] }, quality).data;
  }
  // One fixed filter: trying all of them costs ten times the drawing.
  const png = new PNG({ width, height, colorType: 2, inputHasAlpha: true, filterType: 4, deflateLevel: 3 });
  png.data = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    png.on('data', (chunk: Buffer) => chunks.push(chunk));
    png.on('end', () => resolve(Buffer.concat(chunks)));
    png.on('error', reject);
    png.pack();
  });
}
