import { zipSync } from 'fflate';
import { draw } from './drawing/draw.ts';
import { SAMPLE_PERSON } from './likeness.ts';

/** Prompts and seeds, as different in pose, place and clothes as photos for a training should be. */
const PHOTOS = [
  ['a photo', 1],
  ['a headshot, smiling', 1],
  ['in the forest', 1],
  ['at the beach, laughing', 1],
  ['in a library', 1],
  ['a photo at dawn', 1],
  ['in the mountains', 2],
  ['in the city at night', 1],
  ['in a garden, red t-shirt', 1],
  ['a photo, serious', 2],
  ['in winter, laughing', 4],
  ['at sunset by the sea', 2],
  ['in the street', 1],
  ['a photo, green sweater', 1],
] as const;
const SIZE = { width: 640, height: 800 };
const ENCODING = { format: 'jpeg', quality: 88 } as const;

let drawn: Promise<Uint8Array> | null = null;

/** A zip of portraits of one person, drawn on the first call. */
export async function samplePhotos(): Promise<Uint8Array> {
  return (drawn ??= drawAll());
}

async function drawAll(): Promise<Uint8Array> {
  const photos: Record<string, Uint8Array> = {};
  const model = { kind: 'lora', key: 'sample', likeness: SAMPLE_PERSON, style: false } as const;
  for (const [index, [prompt, seed]] of PHOTOS.entries()) {
    const name = `photo-${String(index + 1).padStart(2, '0')}.jpg`;
    photos[name] = await draw({ prompt, seed, index: 0, model, size: SIZE, blockSide: 1 }, ENCODING);
  }
  // A fixed modification time: the same bytes on every start.
  return zipSync(photos, { level: 0, mtime: new Date(2020, 0, 1) });
}
