import { useState } from 'react';
import { announce } from '../parts/announcer.tsx';
import { expectedRatio, SIZES, rememberSize } from './sizes.ts';
import { useCall } from '../parts/use-call.ts';
import { useStudio } from '../live/studio.ts';
import type { Generation } from '../live/library.ts';

const MAX_SEED = 2_147_483_647;

/** The user's actions on a generation. */
export function useGenerationActions(generation: Generation) {
  const { client, library } = useStudio();
  const [isAsking, setIsAsking] = useState(false);
  const { id, avatarId } = generation;
  const put = (made: Omit<Generation, 'avatarId'>) => {
    const first = generation.images[0];
    const ratio =
      first?.width != null && first.height != null
        ? first.width / first.height
        : expectedRatio(id, 'PORTRAIT');
    const closest = SIZES.toSorted((a, b) => Math.abs(a.ratio - ratio) - Math.abs(b.ratio - ratio))[0];
    if (closest !== undefined) rememberSize(made.id, closest.size);
    library.putGeneration({ ...made, avatarId });
  };
  /** `isNew`: with another seed, because the same seed gives the same images. */
  const again = useCall(async (isNew: boolean) => {
    const seed = Math.floor(Math.random() * MAX_SEED);
    put(await client.regenerate({ generationId: id, ...(isNew ? { seed } : {}) }));
    announce('Generating again');
    return true;
  });
  const cancel = useCall(async () => {
    const generation = await client.cancelGeneration({ generationId: id });
    library.putGeneration({ ...generation, avatarId });
  });
  const remove = useCall(async () => {
    await client.deleteGeneration({ generationId: id });
    library.removeGeneration(id);
    announce('Deleted');
    return true;
  });
  return { again, cancel, remove, isAsking, ask: () => setIsAsking(true), dismiss: () => setIsAsking(false) };
}

export type GenerationActions = ReturnType<typeof useGenerationActions>;
