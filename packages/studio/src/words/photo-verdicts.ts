import type { PhotoRefusalCode, PhotoWarningCode } from '@likeness/client';

/** The problem of a photo in two words, and the remedy. */
export type Verdict = { readonly name: string; readonly advice: string };

const REFUSALS: Readonly<Record<PhotoRefusalCode, Verdict>> = {
  DUPLICATE: { name: 'Same photo twice', advice: 'You have added this file before.' },
  TOO_SMALL: { name: 'Too small', advice: 'Each side needs at least 256 pixels. Use the original.' },
  TOO_MANY_PIXELS: { name: 'Too large', advice: 'Export it with fewer pixels.' },
  NOT_AN_IMAGE: { name: 'Not an image', advice: 'Use a JPEG, PNG or WebP file.' },
  TYPE_NOT_SUPPORTED: { name: 'Type not supported', advice: 'Use a JPEG, PNG or WebP file.' },
  HEIC_NOT_SUPPORTED: { name: 'HEIC photo', advice: 'Export it as JPEG, then add it again.' },
  DAMAGED: { name: 'Damaged', advice: 'Export the photo again.' },
};

const WARNINGS: Readonly<Record<PhotoWarningCode, Verdict>> = {
  BLURRED: { name: 'Blurred', advice: 'Use a sharper photo.' },
  TOO_DARK: { name: 'Very dark', advice: 'The face must be visible.' },
  TOO_BRIGHT: { name: 'Overexposed', advice: 'The face must have detail.' },
  LOW_RESOLUTION: { name: 'Few pixels', advice: 'Use a photo with more detail.' },
  SIMILAR: { name: 'Similar to another', advice: 'Vary pose, place and light.' },
};

export function verdictOfRefusal(code: string | null, message: string | null): Verdict {
  const known = REFUSALS[code as PhotoRefusalCode] as Verdict | undefined;
  return known ?? { name: 'Not accepted', advice: message ?? 'Use another photo.' };
}

export function verdictOfWarning(code: PhotoWarningCode): Verdict {
  return WARNINGS[code];
}
