import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { PNG } from 'pngjs';
import { readImage } from '../../demo/images.ts';

const size = { width: 24, height: 16 };
const jpg = jpeg.encode({ ...size, data: Buffer.alloc(24 * 16 * 4, 90) }, 80).data;
const png = PNG.sync.write(new PNG({ ...size }));

describe('a downloaded picture', () => {
  it('has the extension of its format', () => {
    expect(readImage(jpg, 'image/jpeg')).toMatchObject({ extension: 'jpg', ...size });
    expect(readImage(png, 'image/png')).toMatchObject({ extension: 'png', ...size });
  });

  it('is refused when its bytes contradict its content type', () => {
    expect(() => readImage(png, 'image/jpeg')).toThrow('image/jpeg that begins with 89504e47');
    expect(() => readImage(Buffer.from('<html>'), 'text/html')).toThrow('Expected a JPEG or PNG');
  });

  it('is refused when it is truncated', () => {
    expect(() => readImage(jpg.subarray(0, 400), 'image/jpeg')).toThrow();
    expect(() => readImage(png.subarray(0, 50), 'image/png')).toThrow();
  });
});
