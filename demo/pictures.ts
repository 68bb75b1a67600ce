import jpeg from 'jpeg-js';
import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PNG } from 'pngjs';

/** Under the folder the demo was started in. */
export const OUTPUT_FOLDER = 'demo-output';

export type Picture = {
  readonly bytes: Buffer;
  readonly extension: 'jpg' | 'png';
  readonly width: number;
  readonly height: number;
};

const JPEG_MAGIC = Buffer.from([0xff, 0xd8, 0xff]);
const PNG_MAGIC = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** @throws when there is no whole JPEG or PNG behind the address, or it is not what its content type says */
export async function downloadPicture(url: string): Promise<Picture> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The picture could not be fetched: HTTP ${response.status}`);
  return readPicture(Buffer.from(await response.arrayBuffer()), response.headers.get('content-type') ?? '');
}

/** Decodes it whole, so a picture that breaks off half-way is none. */
export function readPicture(bytes: Buffer, contentType: string): Picture {
  if (contentType === 'image/jpeg' && startsWith(bytes, JPEG_MAGIC)) {
    const { width, height } = jpeg.decode(bytes, { useTArray: true, tolerantDecoding: false });
    return { bytes, extension: 'jpg', width, height };
  }
  if (contentType === 'image/png' && startsWith(bytes, PNG_MAGIC)) {
    const { width, height } = PNG.sync.read(bytes);
    return { bytes, extension: 'png', width, height };
  }
  throw new Error(
    `Expected a JPEG or PNG picture, got ${contentType || 'no content type'} that begins with ${bytes.subarray(0, 8).toString('hex')}`,
  );
}

/** Made before anything else: whoever may not write here should not have to wait to be told. */
export async function makeOutputFolder(): Promise<void> {
  try {
    await mkdir(OUTPUT_FOLDER, { recursive: true });
    await access(OUTPUT_FOLDER, constants.W_OK);
  } catch (error) {
    throw new Error(`No pictures can be saved in ${resolve(OUTPUT_FOLDER)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @returns where it is now, as seen from the working folder */
export async function savePicture(name: string, { bytes, extension }: Picture): Promise<string> {
  const file = join(OUTPUT_FOLDER, `${name}.${extension}`);
  await writeFile(file, bytes);
  return file;
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}
