import jpeg from 'jpeg-js';
import { describe, expect, it } from 'vitest';
import { PNG } from 'pngjs';
import { readPicture } from '../../demo/pictures.ts';

const size = { width: 24, height: 16 };
const jpg = jpeg.encode({ ...size, data: Buffer.alloc(24 * 16 * 4, 90) }, 80).data;
const png = PNG.sync.write(new PNG({ ...size }));

describe('a downloaded picture', () => {
  it('has the extension of its format', () => {
    expect(readPicture(jpg, 'image/jpeg')).toMatchObject({ extension: 'jpg', ...size });
    expect(readPicture(png, 'image/png')).toMatchObject({ extension: 'png', ...size });
  });

  it('is refused when its bytes contradict its content type', () => {
    expect(() => readPicture(png, 'image/jpeg')).toThrow('image/jpeg that begins with 89504e47');
    expect(() => readPicture(Buffer.from('<html>'), 'text/html')).toThrow('Expected a JPEG or PNG');
  });

  it('is refused when it is truncated', () => {
    expect(() => readPicture(jpg.subarray(0, 400), 'image/jpeg')).toThrow();
    expect(() => readPicture(png.subarray(0, 50), 'image/png')).toThrow();
  });
});
