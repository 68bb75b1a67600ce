import { zipSync } from 'fflate';
import { draw, encode } from './drawing/picture.ts';
import { SAMPLE_PERSON } from './likeness.ts';

const PHOTOS = 14;
const SIZE = { width: 320, height: 400 };

let drawn: Promise<Uint8Array> | null = null;

/** A zip of small portraits of one person, drawn on the first call. */
export async function samplePhotos(): Promise<Uint8Array> {
  return (drawn ??= drawAll());
}

async function drawAll(): Promise<Uint8Array> {
  const photos: Record<string, Uint8Array> = {};
  for (let number = 1; number <= PHOTOS; number += 1) {
    const model = { kind: 'lora', key: 'sample', likeness: SAMPLE_PERSON, style: false } as const;
    const pixels = await draw({ prompt: 'a photo', seed: number, index: 0, model, size: SIZE, blockSide: 1 });
    photos[`photo-${String(number).padStart(2, '0')}.jpg`] = await encode(pixels, SIZE, {
      format: 'jpeg',
      quality: 85,
      likeness: SAMPLE_PERSON,
    });
  }
  // A fixed modification time: the same bytes on every start.
  return zipSync(photos, { level: 0, mtime: new Date(2020, 0, 1) });
}
