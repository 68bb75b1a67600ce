import sharp, { type Sharp } from 'sharp';
import { unzipSync } from 'fflate';

export type TestPhoto = { readonly name: string; readonly bytes: Buffer };

/** Portraits of one person, drawn by the simulator. */
export async function portraits(
  { samplePhotosUrl }: { readonly samplePhotosUrl: string },
  count: number,
): Promise<TestPhoto[]> {
  const zip = unzipSync(new Uint8Array(await (await fetch(samplePhotosUrl)).arrayBuffer()));
  const files = Object.entries(zip).slice(0, count);
  if (files.length < count) throw new Error(`There are only ${files.length} sample photos`);
  return files.map(([name, bytes]) => ({ name, bytes: Buffer.from(bytes) }));
}

/** Photos that nobody is on; each looks like no other. */
export function photosOfSpots(count: number): Promise<TestPhoto[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const bytes = await (await spots(1000 + index)).jpeg().toBuffer();
      return { name: `photo-${index + 1}.jpg`, bytes };
    }),
  );
}

/** A picture of random coloured spots, which has sharp edges and looks like no other; as small as needs no warning. */
export async function spots(seed: number, width = 512, height = 640): Promise<Sharp> {
  const [columns, rows] = [16, 20];
  const cells = Buffer.alloc(columns * rows * 3);
  let state = seed * 2_654_435_761 + 1;
  for (let at = 0; at < cells.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    cells[at] = state >>> 24;
  }
  const raw = { width: columns, height: rows, channels: 3 as const };
  const large = await sharp(cells, { raw })
    .resize(width, height, { fit: 'fill', kernel: 'nearest' })
    .raw()
    .toBuffer();
  return sharp(large, { raw: { width, height, channels: 3 } });
}
