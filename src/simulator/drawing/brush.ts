import { shade, type Colour } from './colour.ts';
import { diceOf } from './dice.ts';
import type { Painter } from './portrait.ts';

/** How a painter's hand lays the strokes. Lengths in heights of the picture. */
export type Hand = { length: number; width: number; swirl: number; ridge: number };

export const FINE_HAND: Hand = { length: 0.034, width: 0.008, swirl: 0.5, ridge: 0.16 };
export const BOLD_HAND: Hand = { length: 0.075, width: 0.017, swirl: 1.6, ridge: 0.3 };

/**
 * Repaints a picture in strokes that follow a swirling field: each stroke takes the one colour that the picture has
 * at its middle, lighter along its ridge.
 */
export function brushed(picture: Painter, hand: Hand, model: string): Painter {
  const dice = diceOf('brush', model);
  const [a, b, c, d] = [dice.between(3, 6), dice.between(3, 6), dice.between(0, 6), dice.between(0, 6)];
  return (x, y, edge) => {
    const bend = hand.swirl * 0.045;
    const u = x + bend * Math.sin(y * a + c) + bend * 0.6 * Math.sin((x + y) * b * 2.1 + d);
    const v = y + bend * Math.sin(x * b + d) + bend * 0.6 * Math.cos((x - y) * a * 1.9 + c);
    const along = u * 0.8 + v * 0.6;
    const across = v * 0.8 - u * 0.6;
    const row = Math.floor(across / hand.width);
    const shift = scatter(row, 7) * hand.length;
    const column = Math.floor((along + shift) / hand.length);
    // From the middle of the stroke back to the picture; the bend is small enough to be left out.
    const offAlong = (column + 0.5) * hand.length - shift - along;
    const offAcross = (row + 0.5) * hand.width - across;
    const sx = x + offAlong * 0.8 - offAcross * 0.6;
    const sy = y + offAlong * 0.6 + offAcross * 0.8;
    const tone = picture(sx, sy, edge);
    const ridge = 1 - Math.abs(offAcross / hand.width) * 2;
    const loaded = (scatter(row, column) - 0.5) * hand.ridge;
    return rich(shade(tone, 1 + loaded + (ridge - 0.5) * hand.ridge * 0.6), 1 + hand.ridge);
  };
}

function rich(colour: Colour, factor: number): Colour {
  const grey = (colour[0] + colour[1] + colour[2]) / 3;
  for (const channel of [0, 1, 2] as const) {
    colour[channel] = Math.min(255, Math.max(0, grey + (colour[channel] - grey) * factor));
  }
  return colour;
}

/** A number in [0, 1) for two whole numbers, always the same. */
function scatter(a: number, b: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b + 0x7f4a7c15, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return ((mixed ^ (mixed >>> 13)) >>> 0) / 2 ** 32;
}
