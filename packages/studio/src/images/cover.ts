import type { Generation } from '../live/library.ts';
import { newestFirst } from '../live/library.ts';

export type Shot = {
  readonly generation: Generation;
  readonly index: number;
  readonly url: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly flagged: boolean;
};

export function shotsOf(generation: Generation): Shot[] {
  return generation.images.map(({ url, width, height, flagged }, index) => ({
    generation,
    index,
    url,
    width: width ?? null,
    height: height ?? null,
    flagged,
  }));
}

/** The generations of an avatar, newest first. */
export function generationsOf(avatarId: string, generations: ReadonlyMap<string, Generation>): Generation[] {
  return newestFirst([...generations.values()].filter((generation) => generation.avatarId === avatarId));
}

/** The newest image that is not flagged. */
export function coverOf(avatarId: string, generations: ReadonlyMap<string, Generation>): Shot | null {
  for (const generation of generationsOf(avatarId, generations)) {
    const shot = shotsOf(generation).find(({ flagged }) => !flagged);
    if (shot !== undefined) return shot;
  }
  return null;
}
