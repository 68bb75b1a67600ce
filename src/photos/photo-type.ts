import type { PhotoReason } from '../domain/photo.ts';

type PhotoType =
  | { readonly contentType: 'image/jpeg' | 'image/png' | 'image/webp' }
  | { readonly problem: Extract<PhotoReason, 'NOT_AN_IMAGE' | 'HEIC_NOT_SUPPORTED' | 'TYPE_NOT_SUPPORTED'> };

const HEIC_BRANDS = new Set(['heic', 'heix', 'hevc', 'heim', 'heis', 'hevm', 'hevs', 'mif1', 'msf1']);

/** The type of a picture by its first bytes. */
export function photoType(head: Uint8Array): PhotoType {
  const text = Buffer.from(head).toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return { contentType: 'image/jpeg' };
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return { contentType: 'image/png' };
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return { contentType: 'image/webp' };
  if (text.slice(4, 8) === 'ftyp') {
    const isHeic = HEIC_BRANDS.has(text.slice(8, 12)) && !text.slice(16).includes('avif');
    return { problem: isHeic ? 'HEIC_NOT_SUPPORTED' : 'TYPE_NOT_SUPPORTED' };
  }
  const isOther = OTHER_TYPES.some((start) => text.startsWith(start));
  return { problem: isOther ? 'TYPE_NOT_SUPPORTED' : 'NOT_AN_IMAGE' };
}

/** GIF, TIFF, BMP, JPEG XL. */
const OTHER_TYPES = ['GIF8', 'II*\0', 'MM\0*', 'BM', '\xff\x0a', '\0\0\0\x0cJXL '];
