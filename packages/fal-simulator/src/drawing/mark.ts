import { createHash } from 'node:crypto';
import { LIKENESS_BITS, type Likeness } from '../likeness.ts';
import type { Pixels } from './pixels.ts';

/**
 * Every drawn image names its person in its pixels, so that training on it finds the same person: a grid of cells that
 * are a little bluer or yellower than the image, too little to be seen. Each bit of the likeness and of its checksum
 * is in fifty cells of the whole image. That survives encoding, scaling and a change of format, but no cropping.
 */
const CELLS = 40;
const CHECK_BITS = 8;
const BITS = LIKENESS_BITS + CHECK_BITS;
/** In levels of 255; strokes hide more of it, and need more. */
const STRENGTH = { clean: 5, painted: 7 };
/** More than that is an edge of the image, and says nothing. */
const MOST_CONTRAST = 6;
/** Smaller cells disappear in the first JPEG. */
const SMALLEST_CELL = 6;

/** For each cell the bit that it carries, and whether it is bluer or yellower for a one. */
const PLAN = Array.from({ length: CELLS * CELLS }, (_, cell) => {
  const random = createHash('sha256').update(`cell ${cell}`).digest();
  return { bit: (random[0] ?? 0) % BITS, sign: ((random[1] ?? 0) & 1) === 1 ? 1 : -1 };
});

/** Marks the pixels, in place. A small image stays without. */
export function mark(
  { data, width, height }: Pixels,
  likeness: Likeness,
  strength: keyof typeof STRENGTH,
): void {
  if (Math.min(width, height) < CELLS * SMALLEST_CELL) return;
  const bits = bitsOf(likeness);
  const steps = PLAN.map(({ bit, sign }) => (bits[bit] === true ? sign : -sign) * STRENGTH[strength]);
  const cellAt = Uint16Array.from({ length: width }, (_, x) => Math.floor((x * CELLS) / width));
  for (let y = 0, at = 0; y < height; y += 1) {
    const row = Math.floor((y * CELLS) / height) * CELLS;
    for (let x = 0; x < width; x += 1, at += 3) {
      const own = data[at + 2] ?? 0;
      const blue = own + (steps[row + (cellAt[x] ?? 0)] ?? 0) * (own < 128 ? 0.5 + own / 256 : 1);
      data[at + 2] = blue < 0 ? 0 : blue > 255 ? 255 : blue;
    }
  }
}

/** The likeness in an image of any size; null in most images from elsewhere, of which one in 256 has some. */
export function readMark(image: Pixels): Likeness | null {
  const levels = cellLevels(image);
  const votes = Array<number>(BITS).fill(0);
  for (let y = 1; y < CELLS - 1; y += 1) {
    for (let x = 1; x < CELLS - 1; x += 1) {
      const cell = y * CELLS + x;
      const around = [cell - 1, cell + 1, cell - CELLS, cell + CELLS].map((at) => levels[at] ?? 0);
      const contrast = (levels[cell] ?? 0) - around.reduce((sum, level) => sum + level) / 4;
      const { bit, sign } = PLAN[cell] ?? { bit: 0, sign: 1 };
      votes[bit] = (votes[bit] ?? 0) + sign * Math.max(-MOST_CONTRAST, Math.min(MOST_CONTRAST, contrast));
    }
  }
  const bits = votes.map((vote) => vote > 0);
  const value = bits.slice(0, LIKENESS_BITS).reduce((sum, bit) => sum * 2 + (bit ? 1 : 0), 0);
  const likeness = value.toString(16).padStart(LIKENESS_BITS / 4, '0');
  return bitsOf(likeness).every((bit, at) => bit === bits[at]) ? likeness : null;
}

/** How much bluer than yellow each cell is. */
function cellLevels({ data, width, height }: Pixels): Float64Array {
  const [sums, counts] = [new Float64Array(CELLS * CELLS), new Float64Array(CELLS * CELLS)];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const cell = Math.floor((y * CELLS) / height) * CELLS + Math.floor((x * CELLS) / width);
      const at = (y * width + x) * 3;
      sums[cell] = (sums[cell] ?? 0) + (data[at + 2] ?? 0) - ((data[at] ?? 0) + (data[at + 1] ?? 0)) / 2;
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  return sums.map((sum, cell) => sum / Math.max(1, counts[cell] ?? 0));
}

/** The likeness and its checksum, highest bit first. */
function bitsOf(likeness: Likeness): boolean[] {
  const check = createHash('sha256').update(`check ${likeness}`).digest()[0] ?? 0;
  const value = (parseInt(likeness, 16) * 256 + check) >>> 0;
  return Array.from({ length: BITS }, (_, at) => ((value >>> (BITS - 1 - at)) & 1) === 1);
}
