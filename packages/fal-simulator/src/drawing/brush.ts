import { setImmediate as breathe } from 'node:timers/promises';
import { channelsOf, type Colour } from './colour.ts';
import { diceOf } from './dice.ts';
import type { Pixels } from './pixels.ts';

/** How a painter's hand lays the strokes. Lengths in heights of the image. */
type Hand = { length: number; width: number; swirl: number; ridge: number };

const FINE: Hand = { length: 0.022, width: 0.0042, swirl: 0.5, ridge: 0.1 };
const BOLD: Hand = { length: 0.05, width: 0.011, swirl: 2.4, ridge: 0.17 };
/** For faces, which strokes as long as an eye would destroy. */
const CAREFUL: Hand = { length: 0.01, width: 0.0035, swirl: 0.3, ridge: 0.1 };

/** From the darkest to the lightest; each style has one of them in all of its images. */
const PALETTES: readonly (readonly Colour[])[] = [
  ['#16233f', '#37598a', '#c85f66', '#f6b87c', '#fff4dc'],
  ['#21204a', '#5c5fb0', '#c0618f', '#ffb58f', '#fff3e0'],
  ['#10292b', '#24706d', '#6cae8c', '#f4c47c', '#fff6e0'],
  ['#2b1630', '#86284f', '#dd4b58', '#f2b046', '#fff2cf'],
  ['#16213a', '#3a5f93', '#62a4c4', '#e6b989', '#fbf1e2'],
  ['#1f2a1d', '#4f6b36', '#a5a045', '#e9b75f', '#fff4d6'],
];
/** Of the palette in a colour; the rest is the colour itself, so that a person stays recognisable. */
const PALETTE_SHARE = 0.62;

/** Strokes run down to the right: the unit vector along them. */
const [ALONG_X, ALONG_Y] = [0.8, 0.6];
/** Rows painted before other work gets its turn. */
const ROWS_AT_ONCE = 64;

export type Finish = {
  /** A style is painted with bold strokes in its palette, anything else with fine ones in its own colours. */
  isStyle: boolean;
  key: string;
  /** The middle of the face and its half height, in pixels. */
  face: { x: number; y: number; radius: number };
};

/**
 * Repaints an image in strokes that follow a swirling field: each stroke takes the one colour that the image has at
 * its middle, lighter along its ridge.
 */
export async function brushed(image: Pixels, { isStyle, key, face }: Finish): Promise<Pixels> {
  const { data, width, height } = image;
  const painted = new Uint8Array(data.length);
  const dice = diceOf('brush', key);
  const waves = [dice.between(3, 6), dice.between(3, 6), dice.between(0, 6), dice.between(0, 6)] as const;
  const broad = strokesOf(image, isStyle ? BOLD : FINE, waves);
  const careful = strokesOf(image, CAREFUL, waves);
  const colour = isStyle ? inPalette(dice.pick(PALETTES)) : (at: number) => data[at] ?? 0;
  for (let row = 0; row < height; row += 1) {
    const dy = (row - face.y) / face.radius;
    for (let column = 0; column < width; column += 1) {
      const dx = (column - face.x) / (face.radius * 0.8);
      const stroke = dx * dx + dy * dy < 1 ? careful : broad;
      const from = stroke.at(column, row) * 3;
      const to = (row * width + column) * 3;
      for (let channel = 0; channel < 3; channel += 1) {
        painted[to + channel] = Math.min(255, colour(from + channel, from, channel) * stroke.paint);
      }
    }
    if (row % ROWS_AT_ONCE === 0) await breathe();
  }
  return { data: painted, width, height };

  function inPalette(palette: readonly Colour[]) {
    const stops = palette.map(channelsOf);
    const tables = [0, 1, 2].map((channel) =>
      Array.from({ length: 256 }, (_, grey) => {
        const place = (grey / 255) * (stops.length - 1);
        const at = Math.min(Math.floor(place), stops.length - 2);
        const [low = 0, high = 0] = [stops[at]?.[channel], stops[at + 1]?.[channel]];
        return low + (high - low) * (place - at);
      }),
    );
    return (at: number, first: number, channel: number) => {
      const grey =
        ((data[first] ?? 0) * 77 + (data[first + 1] ?? 0) * 151 + (data[first + 2] ?? 0) * 28) >> 8;
      const mapped = tables[channel]?.[grey] ?? 0;
      return mapped * PALETTE_SHARE + (data[at] ?? 0) * (1 - PALETTE_SHARE);
    };
  }
}

/** For a pixel, the pixel in the middle of its stroke; `paint` is then how light the stroke is here. */
function strokesOf(
  { width, height }: Pixels,
  hand: Hand,
  [a, b, c, d]: readonly [number, number, number, number],
) {
  const bend = hand.swirl * 0.045;
  const bendX = Float64Array.from({ length: height }, (_, row) => bend * Math.sin((row / height) * a + c));
  const bendY = Float64Array.from(
    { length: width },
    (_, column) => bend * Math.sin((column / height) * b + d),
  );
  const strokes = {
    paint: 1,
    at(column: number, row: number): number {
      const u = column / height + (bendX[row] ?? 0);
      const v = row / height + (bendY[column] ?? 0);
      const along = u * ALONG_X + v * ALONG_Y;
      const across = v * ALONG_X - u * ALONG_Y;
      const line = Math.floor(across / hand.width);
      const shift = scatter(line, 7) * hand.length;
      const place = Math.floor((along + shift) / hand.length);
      // From here to the middle of the stroke; over one stroke the field is nearly straight.
      const offAlong = (place + 0.5) * hand.length - shift - along;
      const offAcross = (line + 0.5) * hand.width - across;
      const ridge = 0.5 - Math.abs(offAcross / hand.width) * 2;
      strokes.paint = 1 + (scatter(line, place) - 0.5 + ridge * 0.6) * hand.ridge;
      const x = column + Math.round((offAlong * ALONG_X - offAcross * ALONG_Y) * height);
      const y = row + Math.round((offAlong * ALONG_Y + offAcross * ALONG_X) * height);
      return Math.max(0, Math.min(height - 1, y)) * width + Math.max(0, Math.min(width - 1, x));
    },
  };
  return strokes;
}

/** A number in [0, 1) for two whole numbers, always the same. */
function scatter(a: number, b: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
}
