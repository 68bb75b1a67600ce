import { expect, test } from 'vitest';
import { imageType } from '../../src/values/image-type.ts';

test.each([
  ['\xff\xd8\xff\xe0', 'image/jpeg'],
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['RIFF\0\n\0\0WEBPVP8 ', 'image/webp'],
  ['GIF89a', 'image/gif'],
  ['\0\0\0\x1cftypavif\0\0\0\0', 'image/avif'],
  // AVIF under the general brand of HEIF.
  ['\0\0\0\x1cftypmif1\0\0\0\0miafavif', 'image/avif'],
  ['\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'image/heic'],
  ['\0\0\0\x18ftypmsf1\0\0\0\0', 'image/heic'],
  ['\0\0\0\x18ftypisom\0\0\0\0', 'other'],
  ['II*\0', 'other'],
  ['BM', 'other'],
  ['\0\0\0\x0cJXL ', 'other'],
  ['', null],
  ['<html>\x89PNG\r\n\x1a\n', null],
])('%j begins a file of the type %s', (head, type) => {
  expect(imageType(Buffer.from(head, 'latin1'))).toBe(type);
});
