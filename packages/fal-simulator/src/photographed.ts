import { channelsOf, type Colour } from './drawing/colour.ts';
import { readMark } from './drawing/mark.ts';
import { HAIRS, SKINS } from './drawing/person.ts';
import { pixelsOf, sharp, type Pixels } from './drawing/pixels.ts';
import { likenessOf, type Likeness } from './likeness.ts';

/** Both sides of the version that is looked at, whatever the shape of the photo. */
const SIDE = 160;
const MOST_PIXELS = 50_000_000;
const TIMEOUT_SECONDS = 5;
/** Means that differ by less give the same person most of the time. */
const COARSE = 24;

/** Shares of a photo in which a portrait has the face and the hair: left, right, top, bottom. */
const FACE = [0.4, 0.6, 0.36, 0.52] as const;
const HAIR = [0.42, 0.58, 0.16, 0.24] as const;
const QUARTERS = [
  [0, 0.5, 0, 0.5],
  [0.5, 1, 0, 0.5],
  [0, 0.5, 0.5, 1],
  [0.5, 1, 0.5, 1],
] as const;
type Part = readonly [left: number, right: number, top: number, bottom: number];
type Mean = readonly [red: number, green: number, blue: number];

/**
 * The person on these photos: the one that most of them are drawn images of, or one with about their colours. Null
 * when none can be decoded.
 *
 * @param photos JPEG, PNG or WebP by their first bytes
 */
export async function personOn(photos: readonly Buffer[]): Promise<Likeness | null> {
  const readable: Pixels[] = [];
  for (const photo of photos) {
    const pixels = await decoded(photo);
    if (pixels) readable.push(pixels);
  }
  if (readable.length === 0) return null;
  const counts = new Map<Likeness, number>();
  for (const pixels of readable) {
    const drawn = readMark(pixels);
    if (drawn !== null) counts.set(drawn, (counts.get(drawn) ?? 0) + 1);
  }
  const most = [...counts].find(([, count]) => count > readable.length / 2);
  return most?.[0] ?? likenessByColours(readable);
}

async function decoded(photo: Buffer): Promise<Pixels | null> {
  const options = { limitInputPixels: MOST_PIXELS, sequentialRead: true } as const;
  const image = sharp(photo, options)
    .resize(SIDE, SIDE, { fit: 'fill' })
    .timeout({ seconds: TIMEOUT_SECONDS });
  return pixelsOf(image).catch(() => null);
}

/** Skin and hair of the nearest colours; everything else by the colours of the whole. */
function likenessByColours(photos: readonly Pixels[]): Likeness {
  const skin = nearest(meanOf(photos, FACE), SKINS);
  const hair = nearest(meanOf(photos, HAIR), HAIRS);
  const whole = QUARTERS.flatMap((part) => meanOf(photos, part)).map((level) => Math.round(level / COARSE));
  const rest = parseInt(likenessOf(whole.join()), 16);
  return (((rest << 7) | (hair << 3) | skin) & 0xffffff).toString(16).padStart(6, '0');
}

function nearest(mean: Mean, colours: readonly Colour[]): number {
  const distances = colours.map((colour) =>
    channelsOf(colour).reduce((sum, channel, at) => sum + (channel - (mean[at] ?? 0)) ** 2, 0),
  );
  return distances.indexOf(Math.min(...distances));
}

function meanOf(photos: readonly Pixels[], [left, right, top, bottom]: Part): Mean {
  const sums: [number, number, number] = [0, 0, 0];
  let count = 0;
  for (const { data, width, height } of photos) {
    for (let y = Math.floor(top * height); y < bottom * height; y += 1) {
      for (let x = Math.floor(left * width); x < right * width; x += 1) {
        const at = (y * width + x) * 3;
        for (const channel of [0, 1, 2] as const) sums[channel] += data[at + channel] ?? 0;
        count += 1;
      }
    }
  }
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}
