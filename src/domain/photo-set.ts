import { PHOTO_WARNINGS, type PhotoWarning } from './photo.ts';

export type PhotoCounts = { readonly minimum: number; readonly recommended: number };

type PhotoState = 'PENDING' | 'ACCEPTED' | 'REFUSED';

type PhotoView = { readonly state: PhotoState; readonly warnings: readonly string[] };

/** The number of photos by state. */
export function countPhotos(photos: readonly PhotoView[]) {
  const count = (state: PhotoState) => photos.filter((photo) => photo.state === state).length;
  return { accepted: count('ACCEPTED'), pending: count('PENDING'), refused: count('REFUSED') };
}

/** What to do before a training, a sentence each; none when the set is as recommended. */
export function adviceFor(photos: readonly PhotoView[], { minimum, recommended }: PhotoCounts): string[] {
  const { accepted, pending, refused } = countPhotos(photos);
  const advice: string[] = [];
  if (accepted < minimum) {
    const missing = minimum - accepted;
    advice.push(
      `Add ${some(missing, 'more photo')}: this trainer needs at least ${minimum}. Vary pose, expression, light and background.`,
    );
  } else if (accepted < recommended) {
    const more = some(recommended - accepted, 'more photo');
    advice.push(`The training can start. ${more} would improve the result: ${recommended} are recommended.`);
  }
  if (pending > 0) advice.push(`${some(pending, 'photo')} ${pending === 1 ? 'is' : 'are'} not uploaded yet.`);
  if (refused > 0)
    advice.push(
      `${some(refused, 'photo')} ${refused === 1 ? 'was refused: remove or replace it' : 'were refused: remove or replace them'}.`,
    );
  for (const warning of PHOTO_WARNINGS) {
    const count = photos.filter(
      ({ state, warnings }) => state === 'ACCEPTED' && warnings.includes(warning),
    ).length;
    if (count > 0) advice.push(`${some(count, 'photo')} ${WARNING_ADVICE[warning](count === 1)}`);
  }
  return advice;
}

const WARNING_ADVICE: Readonly<Record<PhotoWarning, (isOne: boolean) => string>> = {
  LOW_RESOLUTION: (isOne) => `${isOne ? 'has' : 'have'} few pixels: use the original from the camera.`,
  SIMILAR: (isOne) => `${isOne ? 'looks' : 'look'} like others: use different poses and places.`,
  BLURRED: (isOne) => `${isOne ? 'is' : 'are'} blurred: use sharp ones.`,
  TOO_DARK: (isOne) => `${isOne ? 'is' : 'are'} very dark: use ones with more light.`,
  TOO_BRIGHT: (isOne) => `${isOne ? 'is' : 'are'} overexposed: use ones with less light.`,
};

function some(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
