/** A small greyscale version of a photo: one byte a pixel, row by row. */
export type GreyPhoto = {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
};

const HASH_COLUMNS = 9;
const HASH_ROWS = 8;

/**
 * The difference hash (dHash) of a photo, 16 hex digits: one bit for each pair of neighbours in a grid of 9 × 8, set
 * where the left one is brighter. Scaling, compression and small changes of brightness alter few bits.
 */
export function perceptualHash(photo: GreyPhoto): string {
  let hash = '';
  for (let row = 0; row < HASH_ROWS; row += 1) {
    let byte = 0;
    for (let column = 1; column < HASH_COLUMNS; column += 1) {
      const isDarker = meanOfCell(photo, column, row) < meanOfCell(photo, column - 1, row);
      byte = (byte << 1) | (isDarker ? 1 : 0);
    }
    hash += byte.toString(16).padStart(2, '0');
  }
  return hash;
}

function meanOfCell({ width, height, pixels }: GreyPhoto, column: number, row: number): number {
  const [left, right] = rangeOf(column, HASH_COLUMNS, width);
  const [top, bottom] = rangeOf(row, HASH_ROWS, height);
  let sum = 0;
  for (let y = top; y < bottom; y += 1)
    for (let x = left; x < right; x += 1) sum += pixels[y * width + x] ?? 0;
  return sum / ((right - left) * (bottom - top));
}

/** The pixels of a cell, at least one. */
function rangeOf(cell: number, cells: number, length: number): [from: number, to: number] {
  const from = Math.min(Math.floor((cell * length) / cells), length - 1);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * length) / cells))];
}

/** The number of bits in which two hashes differ, 0 to 64. */
export function hashDistance(a: string, b: string): number {
  let distance = 0;
  for (let at = 0; at < a.length; at += 2) {
    let bits = parseInt(a.slice(at, at + 2), 16) ^ parseInt(b.slice(at, at + 2), 16);
    for (; bits !== 0; bits &= bits - 1) distance += 1;
  }
  return distance;
}

/** The variance of the Laplacian: low without sharp edges. */
export function sharpness({ width, height, pixels }: GreyPhoto): number {
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y < height - 1; y += 1) {
    for (let x = 1; x < width - 1; x += 1) {
      const at = y * width + x;
      const around =
        (pixels[at - 1] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at - width] ?? 0) + (pixels[at + width] ?? 0);
      const value = around - 4 * (pixels[at] ?? 0);
      sum += value;
      squares += value * value;
      count += 1;
    }
  }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}

/** Mean brightness (0 to 255), and the shares of pixels that are nearly black and nearly white. */
export function exposure({ pixels }: GreyPhoto) {
  let [sum, black, white] = [0, 0, 0];
  for (const pixel of pixels) {
    sum += pixel;
    if (pixel <= NEARLY_BLACK) black += 1;
    if (pixel >= NEARLY_WHITE) white += 1;
  }
  const count = Math.max(pixels.length, 1);
  return { mean: sum / count, black: black / count, white: white / count };
}

const NEARLY_BLACK = 8;
const NEARLY_WHITE = 247;
