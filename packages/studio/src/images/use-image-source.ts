import { useSource } from '../parts/use-source.ts';
import { useStudio } from '../live/studio.ts';
import type { Generation } from '../live/library.ts';

/** The URL of an image. After a failure its generation is read again. */
export function useImageSource(
  generation: Pick<Generation, 'id' | 'avatarId'> | null,
  url: string | null,
): ReturnType<typeof useSource> {
  const { library } = useStudio();
  return useSource(url, generation && (() => library.refreshGeneration(generation)));
}
