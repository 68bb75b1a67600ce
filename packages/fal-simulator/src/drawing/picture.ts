import { setImmediate as breathe } from 'node:timers/promises';
import type { Size } from '../image-sizes.ts';
import type { Likeness } from '../likeness.ts';
import { BOLD_HAND, brushed, CAREFUL_HAND, FINE_HAND } from './brush.ts';
import { personOf } from './person.ts';
import { portrait, type Painter } from './portrait.ts';
import { sceneOf } from './scene.ts';
import { ellipse } from './shape.ts';

export { encode } from './encode.ts';

/**
 * Who is drawn, and how: a LoRA smoothly, a finetune in strokes, a style in bold ones. `key` tells two models apart
 * that show the same person: their pictures differ in all but the face.
 */
export type Model = { kind: 'base' | 'lora' | 'finetune'; key: string; likeness: Likeness; style: boolean };

export type Picture = {
  prompt: string;
  seed: number;
  index: number;
  model: Model;
  size: Size;
  /** Each square of this many pixels a side has one colour. */
  blockSide: number;
  black?: boolean;
};

/** Rows drawn before other work gets its turn. */
const ROWS_AT_ONCE = 48;

/** Red, green, blue, alpha for each pixel, row by row. The same picture always gives the same bytes. */
export async function draw(picture: Picture): Promise<Uint8Array> {
  const { prompt, seed, index, model, size, blockSide, black } = picture;
  const { width, height } = size;
  const pixels = new Uint8Array(width * height * 4).fill(255);
  const paint = black ? (): [number, number, number] => [0, 0, 0] : painterOf(prompt, seed, index, model);
  // Heads keep their size in narrow pictures; the person stands on the lower edge in all of them.
  const unit = Math.min(height, width * 1.2);
  const lift = ((height - unit) / unit) * 0.55;
  for (let row = 0; row < height; row += 1) {
    const start = row * width * 4;
    if (row % blockSide !== 0) {
      pixels.copyWithin(start, start - width * 4, start);
      continue;
    }
    const y = 1 + (row + blockSide / 2 - height) / unit + lift;
    for (let column = 0; column < width; column += blockSide) {
      const colour = paint((column + blockSide / 2 - width / 2) / unit, y, blockSide / unit);
      const end = start + Math.min(column + blockSide, width) * 4;
      for (let at = start + column * 4; at < end; at += 4) {
        pixels[at] = colour[0];
        pixels[at + 1] = colour[1];
        pixels[at + 2] = colour[2];
      }
    }
    if (row % ROWS_AT_ONCE === 0) await breathe();
  }
  return pixels;
}

function painterOf(prompt: string, seed: number, index: number, model: Model): Painter {
  const scene = sceneOf(prompt, seed, index, model.key);
  const smooth = portrait(personOf(model.likeness), scene);
  if (model.kind !== 'finetune' && !model.style) return smooth;
  const broad = brushed(smooth, model.style ? BOLD_HAND : FINE_HAND, model.key);
  const careful = brushed(smooth, CAREFUL_HAND, model.key);
  return (x, y, edge) => {
    const onFace = ellipse(x - scene.x, y - scene.y - 0.02, 0.115, 0.15) < 0;
    return onFace ? careful(x, y, edge) : broad(x, y, edge);
  };
}
