import type { Sharp } from 'sharp';
import type { Size } from '../image-sizes.ts';
import type { Likeness } from '../likeness.ts';
import { brushed } from './brush.ts';
import { mark } from './mark.ts';
import { personOf } from './person.ts';
import { pixelsOf, sharp } from './pixels.ts';
import { portrait } from './portrait.ts';
import { sceneOf } from './scene.ts';

/**
 * Who is drawn, and how: a LoRA cleanly, a finetune in strokes, a style in bold ones and its own colours. `key` tells
 * two models apart that show the same person: their images differ in all but the person.
 */
export type Model = { kind: 'base' | 'lora' | 'finetune'; key: string; likeness: Likeness; style: boolean };

export type ImageRequest = {
  prompt: string;
  seed: number;
  index: number;
  model: Model;
  size: Size;
  /** Each square of this many pixels a side has one colour. */
  blockSide: number;
  black?: boolean;
};

export type Encoding = { format: 'jpeg' | 'png'; quality: number };

/** The same request always gives the same bytes. */
export async function draw(request: ImageRequest, encoding: Encoding): Promise<Buffer> {
  const { prompt, seed, index, model, size, blockSide, black } = request;
  if (black === true)
    return encode(sharp({ create: { ...size, channels: 3, background: '#000' } }), encoding);
  const small = { width: Math.ceil(size.width / blockSide), height: Math.ceil(size.height / blockSide) };
  const drawing = portrait(personOf(model.likeness), sceneOf(prompt, seed, index, model.key), small);
  const clean = await pixelsOf(sharp(Buffer.from(drawing.svg)));
  const isPainted = model.style || model.kind === 'finetune';
  const hand = { isStyle: model.style, key: model.key, face: drawing.face };
  const pixels = isPainted ? await brushed(clean, hand) : clean;
  mark(pixels, model.likeness, isPainted ? 'painted' : 'clean');
  const { data, width, height } = pixels;
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return encode(
    blockSide === 1 ? image : image.resize({ ...size, kernel: 'nearest', fit: 'fill' }),
    encoding,
  );
}

function encode(image: Sharp, { format, quality }: Encoding): Promise<Buffer> {
  return (format === 'jpeg' ? image.jpeg({ quality }) : image.png({ compressionLevel: 4 })).toBuffer();
}
