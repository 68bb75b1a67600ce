import jpeg from 'jpeg-js';
import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PNG } from 'pngjs';

/** In the working folder. */
export const OUTPUT_FOLDER = 'demo-output';

type DownloadedImage = {
  readonly bytes: Buffer;
  readonly extension: 'jpg' | 'png';
  readonly width: number;
  readonly height: number;
};

const JPEG_MAGIC = Buffer.from([0xff, 0xd8, 0xff]);
const PNG_MAGIC = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** @throws if the response is not a complete JPEG or PNG of its content type */
export async function downloadImage(url: string): Promise<DownloadedImage> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`The image could not be fetched: HTTP ${response.status}`);
  return readImage(Buffer.from(await response.arrayBuffer()), response.headers.get('content-type') ?? '');
}

/** Decodes the image completely, so that a truncated file is refused. */
export function readImage(bytes: Buffer, contentType: string): DownloadedImage {
  if (contentType === 'image/jpeg' && startsWith(bytes, JPEG_MAGIC)) {
    const { width, height } = jpeg.decode(bytes, { useTArray: true, tolerantDecoding: false });
    return { bytes, extension: 'jpg', width, height };
  }
  if (contentType === 'image/png' && startsWith(bytes, PNG_MAGIC)) {
    const { width, height } = PNG.sync.read(bytes);
    return { bytes, extension: 'png', width, height };
  }
  throw new Error(
    `Expected a JPEG or PNG image, got ${contentType || 'no content type'} that begins with ${bytes.subarray(0, 8).toString('hex')}`,
  );
}

/** Called first, so that a missing permission is reported at once. */
export async function makeOutputFolder(): Promise<void> {
  try {
    await mkdir(OUTPUT_FOLDER, { recursive: true });
    await access(OUTPUT_FOLDER, constants.W_OK);
  } catch (error) {
    throw new Error(`No images can be saved in ${resolve(OUTPUT_FOLDER)}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** @returns the path, relative to the working folder */
export async function saveImage(name: string, { bytes, extension }: DownloadedImage): Promise<string> {
  const file = join(OUTPUT_FOLDER, `${name}.${extension}`);
  await writeFile(file, bytes);
  return file;
}

function startsWith(bytes: Buffer, magic: Buffer): boolean {
  return bytes.subarray(0, magic.length).equals(magic);
}
