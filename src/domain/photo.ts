import { exposure, hashDistance, perceptualHash, sharpness, type GreyPhoto } from './photo-measures.ts';
import { imageType, type ImageType } from '../values/image-type.ts';
import { MB } from '../values/units.ts';

/** Limits on the photos of one avatar. */
export const PHOTO_LIMITS = {
  bytes: 20 * MB,
  /** Of all photos that are accepted or expected. */
  totalBytes: 300 * MB,
  /** Accepted or expected. */
  count: 60,
  /** With those that are refused and still shown. */
  rows: 120,
  /** A smaller side is refused … */
  minSide: 256,
  /** … and this is the shorter side from which on a photo has enough detail. */
  goodSide: 512,
  /** Of a photo that is decoded line by line, and of one that is in memory as a whole. */
  pixels: 100_000_000,
  pixelsAtOnce: 25_000_000,
  /** Also of a photo that is decoded line by line: a long line takes more memory than all pixels that are allowed. */
  maxSide: 20_000,
} as const;

/** The longer side of stored photos. No trainer uses more than 1,024 pixels. */
export const STORED_SIDE = 2048;

export const PHOTO_REASONS = [
  'NOT_AN_IMAGE',
  'HEIC_NOT_SUPPORTED',
  'TYPE_NOT_SUPPORTED',
  'DAMAGED',
  'TOO_SMALL',
  'TOO_MANY_PIXELS',
  'DUPLICATE',
] as const;
export type PhotoReason = (typeof PHOTO_REASONS)[number];

export const PHOTO_WARNINGS = ['LOW_RESOLUTION', 'SIMILAR', 'BLURRED', 'TOO_DARK', 'TOO_BRIGHT'] as const;
export type PhotoWarning = (typeof PHOTO_WARNINGS)[number];

export const REASON_TEXTS: Readonly<Record<PhotoReason, string>> = {
  NOT_AN_IMAGE: 'The file is not an image. Send a JPEG, PNG or WebP file.',
  HEIC_NOT_SUPPORTED:
    'HEIC is not supported. Export the photo as JPEG; on an iPhone, choose “Most Compatible” in Settings → Camera → Formats.',
  TYPE_NOT_SUPPORTED: 'This image type is not supported. Send a JPEG, PNG or WebP file.',
  DAMAGED: 'The photo is incomplete or damaged. Export it again.',
  TOO_SMALL: `The photo is too small: each side needs at least ${PHOTO_LIMITS.minSide} pixels.`,
  TOO_MANY_PIXELS: `The photo has too many pixels: at most ${PHOTO_LIMITS.pixels / 1e6} million are allowed, ${PHOTO_LIMITS.pixelsAtOnce / 1e6} million in a WebP file, a progressive JPEG or an interlaced PNG, and ${PHOTO_LIMITS.maxSide} on a side.`,
  DUPLICATE: 'This avatar already has a photo with the same bytes.',
};

export const WARNING_TEXTS: Readonly<Record<PhotoWarning, string>> = {
  LOW_RESOLUTION: `The shorter side has less than ${PHOTO_LIMITS.goodSide} pixels: it has little detail to learn from.`,
  SIMILAR: 'The photo is similar to another one. Different poses and places improve the training.',
  BLURRED: 'The photo is blurred.',
  TOO_DARK: 'The photo is very dark.',
  TOO_BRIGHT: 'The photo is overexposed.',
};

/** A photo that was decoded as a whole. */
type DecodedPhoto = {
  readonly contentType: string;
  /** As displayed, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly grey: GreyPhoto;
};

export type CheckedPhoto = Omit<DecodedPhoto, 'grey'> & {
  /** SHA-256 (hex) of the uploaded bytes. */
  readonly sha256: string;
  readonly perceptualHash: string;
  readonly warnings: readonly PhotoWarning[];
};

const SUPPORTED_TYPES: ReadonlySet<ImageType> = new Set(['image/jpeg', 'image/png', 'image/webp']);

/** The type of a file by its first bytes, or why it cannot be a photo. */
export function photoType(
  head: Uint8Array,
): { readonly contentType: ImageType } | { readonly problem: PhotoReason } {
  const contentType = imageType(head);
  if (contentType === null) return { problem: 'NOT_AN_IMAGE' };
  if (contentType === 'image/heic') return { problem: 'HEIC_NOT_SUPPORTED' };
  return SUPPORTED_TYPES.has(contentType) ? { contentType } : { problem: 'TYPE_NOT_SUPPORTED' };
}

/** At 512 pixels. Sharp portraits of the simulator have 90 to 300, blurred ones less than 20. */
const BLURRED_BELOW = 20;
const DARK_MEAN = 40;
const BRIGHT_MEAN = 225;
const CLIPPED_SHARE = 0.5;
/** In bits of 64. Two photos of one scene differ in less; unrelated ones in about 32. */
const SIMILAR_WITHIN = 5;

/** What a photo shows of itself. */
export function assess({ grey, ...photo }: DecodedPhoto, sha256: string): CheckedPhoto | 'TOO_SMALL' {
  const shorterSide = Math.min(photo.width, photo.height);
  if (shorterSide < PHOTO_LIMITS.minSide) return 'TOO_SMALL';
  const { mean, black, white } = exposure(grey);
  const warnings: PhotoWarning[] = [];
  if (shorterSide < PHOTO_LIMITS.goodSide) warnings.push('LOW_RESOLUTION');
  if (sharpness(grey) < BLURRED_BELOW) warnings.push('BLURRED');
  if (mean < DARK_MEAN || black > CLIPPED_SHARE) warnings.push('TOO_DARK');
  if (mean > BRIGHT_MEAN || white > CLIPPED_SHARE) warnings.push('TOO_BRIGHT');
  return { ...photo, sha256, perceptualHash: perceptualHash(grey), warnings };
}

type KnownPhoto = Pick<CheckedPhoto, 'sha256' | 'perceptualHash'>;

/** The result of comparing a photo with the accepted ones of its avatar: DUPLICATE, or its warnings. */
export function compare(photo: CheckedPhoto, others: readonly KnownPhoto[]): CheckedPhoto | 'DUPLICATE' {
  if (others.some(({ sha256 }) => sha256 === photo.sha256)) return 'DUPLICATE';
  const isSimilar = others.some(
    (other) => hashDistance(other.perceptualHash, photo.perceptualHash) <= SIMILAR_WITHIN,
  );
  return isSimilar ? { ...photo, warnings: [...photo.warnings, 'SIMILAR'] } : photo;
}
