import type { Picture } from '../live/library.ts';
import { newestFirst } from '../live/library.ts';

export type Shot = {
  readonly generation: Picture;
  readonly index: number;
  readonly url: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly flagged: boolean;
};

export function shotsOf(generation: Picture): Shot[] {
  return generation.images.map(({ url, width, height, flagged }, index) => ({
    generation,
    index,
    url,
    width: width ?? null,
    height: height ?? null,
    flagged,
  }));
}

/** The pictures of an avatar, newest first. */
export function picturesOf(avatarId: string, pictures: ReadonlyMap<string, Picture>): Picture[] {
  return newestFirst([...pictures.values()].filter((picture) => picture.avatarId === avatarId));
}

/** The newest picture that can stand for the avatar. */
export function coverOf(avatarId: string, pictures: ReadonlyMap<string, Picture>): Shot | null {
  for (const picture of picturesOf(avatarId, pictures)) {
    const shot = shotsOf(picture).find(({ flagged }) => !flagged);
    if (shot !== undefined) return shot;
  }
  return null;
}
