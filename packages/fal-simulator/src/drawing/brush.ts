import type { Colour } from './colour.ts';
import { diceOf } from './dice.ts';
import type { Painter } from './portrait.ts';

/** How a painter's hand lays the strokes. Lengths in heights of the picture. */
export type Hand = { length: number; width: number; swirl: number; ridge: number };

export const FINE_HAND: Hand = { length: 0.034, width: 0.008, swirl: 0.5, ridge: 0.16 };
export const BOLD_HAND: Hand = { length: 0.075, width: 0.017, swirl: 1.6, ridge: 0.3 };
/** For faces, which strokes as long as an eye would destroy. */
export const CAREFUL_HAND: Hand = { length: 0.014, width: 0.0042, swirl: 0.4, ridge: 0.12 };

/** Strokes run down to the right: the unit vector along them. */
const [ALONG_X, ALONG_Y] = [0.8, 0.6];

/**
 * Repaints a picture in strokes that follow a swirling field: each stroke takes the one colour that the picture has
 * at its middle, lighter along its ridge.
 */
export function brushed(picture: Painter, hand: Hand, model: string): Painter {
  const dice = diceOf('brush', model);
  const [a, b, c, d] = [dice.between(3, 6), dice.between(3, 6), dice.between(0, 6), dice.between(0, 6)];
  const bend = hand.swirl * 0.045;
  const tones = new Map<number, Colour>();
  return (x, y, edge) => {
    const u = x + bend * Math.sin(y * a + c) + bend * 0.6 * Math.sin((x + y) * b * 2.1 + d);
    const v = y + bend * Math.sin(x * b + d) + bend * 0.6 * Math.cos((x - y) * a * 1.9 + c);
    const along = u * ALONG_X + v * ALONG_Y;
    const across = v * ALONG_X - u * ALONG_Y;
    const row = Math.floor(across / hand.width);
    const shift = scatter(row, 7) * hand.length;
    const column = Math.floor((along + shift) / hand.length);
    // From here to the middle of the stroke; over one stroke the field is nearly straight.
    const offAlong = (column + 0.5) * hand.length - shift - along;
    const offAcross = (row + 0.5) * hand.width - across;
    const stroke = row * 0x10000 + column;
    let tone = tones.get(stroke);
    if (!tone) {
      const middleX = x + offAlong * ALONG_X - offAcross * ALONG_Y;
      const middleY = y + offAlong * ALONG_Y + offAcross * ALONG_X;
      tones.set(stroke, (tone = picture(middleX, middleY, edge)));
    }
    const ridge = 0.5 - Math.abs(offAcross / hand.width) * 2;
    const paint = 1 + (scatter(row, column) - 0.5 + ridge * 0.6) * hand.ridge;
    return enrich(tone, paint, 1 + hand.ridge);
  };
}

/** Brightened by `light` and moved away from grey by `depth`. */
function enrich(colour: Colour, light: number, depth: number): Colour {
  const grey = (colour[0] + colour[1] + colour[2]) / 3;
  return [
    clamp((grey + (colour[0] - grey) * depth) * light),
    clamp((grey + (colour[1] - grey) * depth) * light),
    clamp((grey + (colour[2] - grey) * depth) * light),
  ];
}

function clamp(channel: number): number {
  return channel < 0 ? 0 : channel > 255 ? 255 : channel;
}

/** A number in [0, 1) for two whole numbers, always the same. */
function scatter(a: number, b: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
}
