/** The bytes at the beginning of a file that show its type. */
export const HEAD_BYTES = 32;

/** Of each image type, how a file of it begins, as Latin-1. */
const SIGNATURES = [
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/webp', /^RIFF.{4}WEBP/s],
  ['image/gif', /^GIF8[79]a/],
  // The first brand, or one of those that the file is compatible with.
  ['image/avif', /^.{4}ftyp(?:.{8}(?:.{4})*)?avi[fs]/s],
  ['image/heic', /^.{4}ftyp(?:hei[cxms]|hev[cms]|mif1|msf1)/s],
  // TIFF, BMP, JPEG XL, and other content in the container of HEIC.
  ['other', /^(?:II\*\0|MM\0\*|BM|\xff\x0a|\0\0\0\x0cJXL |.{4}ftyp)/s],
] as const;

export type ImageType = (typeof SIGNATURES)[number][0];

/** The type of an image by its first bytes; null for a file that is no image. */
export function imageType(head: Uint8Array): ImageType | null {
  const text = Buffer.from(head).toString('latin1');
  return SIGNATURES.find(([, signature]) => signature.test(text))?.[0] ?? null;
}

/** Images that browsers show, and the ending of their file names. */
export const IMAGE_ENDINGS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/avif': 'avif',
} satisfies Partial<Record<ImageType, string>>;

/** The media type of a file by its first bytes: everything but an image that browsers show is bytes. */
export function mediaType(head: Uint8Array): string {
  const type = imageType(head);
  return type !== null && type in IMAGE_ENDINGS ? type : 'application/octet-stream';
}
