import { useState } from 'react';
import { useStudio } from '../live/studio.ts';
import type { Generation } from '../live/library.ts';

const LAST_TRY = 1;

/**
 * The address of an image; null when it does not load. After the first failure its generation is read again, because
 * addresses expire, and the image gets one more try: `key` changes then.
 */
export function useImageSource(
  generation: Pick<Generation, 'id' | 'avatarId'> | null,
  url: string | null,
): { readonly src: string | null; readonly key: string; readonly onError: () => void } {
  const { library } = useStudio();
  const [failed, setFailed] = useState({ url, tries: 0 });
  const tries = failed.url === url ? failed.tries : 0;
  const onError = () => {
    const fail = () => setFailed({ url, tries: tries + 1 });
    if (tries === LAST_TRY || generation === null) fail();
    else void library.refreshGeneration(generation).then(fail, fail);
  };
  return { src: tries > LAST_TRY ? null : url, key: `${url} ${tries}`, onError };
}
