import { useSource } from '../parts/use-source.ts';
import { useStudio } from '../live/studio.ts';
import type { Picture } from '../live/library.ts';

/** The address of an image, which its generation has. */
export function useImageSource(
  generation: Pick<Picture, 'id' | 'avatarId'> | null,
  url: string | null,
): ReturnType<typeof useSource> {
  const { library } = useStudio();
  return useSource(url, generation && (() => library.refreshPicture(generation)));
}
