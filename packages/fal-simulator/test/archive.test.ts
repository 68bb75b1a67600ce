import { strToU8, zipSync } from 'fflate';
import { expect, inject, test } from 'vitest';
import { longestPause } from '../../../test/support/longest-pause.ts';
import { lookInside, type Archive } from '../src/archive.ts';

const JPG = new Uint8Array([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0]);
const MEGABYTE = 1024 * 1024;
const END_BYTES = 22;

/** The zip with its first directory entry repeated: all entries share the same bytes. */
function repeated(zip: Uint8Array, times: number): Buffer {
  const bytes = Buffer.from(zip);
  const end = bytes.length - END_BYTES;
  const directory = bytes.subarray(bytes.readUInt32LE(end + 16), end);
  const tail = Buffer.from(bytes.subarray(end));
  tail.writeUInt16LE(times, 8);
  tail.writeUInt16LE(times, 10);
  tail.writeUInt32LE(directory.length * times, 12);
  const before = bytes.subarray(0, end - directory.length);
  return Buffer.concat([before, ...Array<Buffer>(times).fill(directory), tail]);
}

function photo(bytes: number): Uint8Array {
  const large = new Uint8Array(bytes);
  large.set(JPG);
  return large;
}

/** Reads an archive, and fails if that blocks the event loop for as long as unpacking a bomb would. */
async function readWithoutPause(zip: Buffer): Promise<Archive | null> {
  let archive: Archive | null = null;
  const { pauseMs, allowedMs } = await longestPause(async () => {
    archive = await lookInside(zip);
  });
  expect(pauseMs).toBeLessThan(2 * allowedMs);
  return archive;
}

const bomb = zipSync({ 'a.jpg': photo(64 * MEGABYTE) });

test.each([1, 100, 10_000])(
  'a photo of 64 MB that 65 KB list %i times is not unpacked, and does not block the event loop',
  async (times) => {
    expect((await readWithoutPause(repeated(bomb, times)))?.images).toBe(times);
  },
);

test('an archive of too many entries, or of too long names, is refused', async () => {
  const small = zipSync({ 'a.jpg': JPG });
  expect(await lookInside(repeated(small, 10_001))).toBeNull();
  expect(await lookInside(repeated(small, 65_535))).toBeNull();
  const wordy = zipSync({ [`${'n'.repeat(65_000)}.jpg`]: JPG });
  expect((await lookInside(repeated(wordy, 100)))?.images).toBe(100);
  expect(await lookInside(repeated(wordy, 200))).toBeNull();
});

test('packed bytes that unpack to nothing are read up to a limit', async () => {
  const zip = Buffer.from(zipSync({ 'a.jpg': photo(100) }, { level: 9 }));
  const end = zip.length - END_BYTES;
  const directoryAt = zip.readUInt32LE(end + 16);
  // Stored blocks of length zero, five bytes each; not one of them is the last.
  const nothing = Buffer.alloc(64 * MEGABYTE);
  for (let at = 0; at + 5 <= nothing.length; at += 5) nothing.writeUInt16LE(0xffff, at + 3);
  const header = zip.subarray(0, 30 + 'a.jpg'.length);
  const tail = Buffer.from(zip.subarray(directoryAt));
  tail.writeUInt32LE(nothing.length, 20);
  tail.writeUInt32LE(header.length + nothing.length, tail.length - END_BYTES + 16);
  expect((await readWithoutPause(Buffer.concat([header, nothing, tail])))?.images).toBe(0);
});

test('an archive that is cut or changed anywhere is read or refused, without an exception', async () => {
  const files = { 'a.jpg': JPG, 'b.png': strToU8('no image'), 'c.txt': strToU8('ohwx '.repeat(20)) };
  const zip = Buffer.from(zipSync(files, { level: 9 }));
  expect(await lookInside(zip)).toMatchObject({ images: 1, captions: 1 });
  const step = inject('everyPair') ? 1 : 7;
  for (let at = 0; at < zip.length; at += step) {
    expect(await lookInside(zip.subarray(0, at))).toBeNull();
    for (const value of [0, 0x7f, 0xff]) {
      const changed = Buffer.from(zip);
      changed[at] = value;
      const found = await lookInside(changed);
      expect(found === null || found.images <= 2).toBe(true);
    }
  }
});
