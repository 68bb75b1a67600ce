import type { GenerationWaiter } from '../jobs/generate-image.ts';
import type { Subscribe } from './watch.ts';
import { watchRow } from './watch.ts';

export interface GenerationReader {
  /** Null when there is no such generation. */
  generationStanding(
    ownerId: string,
    generationId: string,
  ): Promise<{ readonly version: number; readonly hasEnded: boolean } | null>;
}

/** Waits for a generation the way a subscriber does, so that it ends with the change and not with a poll. */
export function createGenerationWaiter(
  reader: GenerationReader,
  listen: (generationId: string) => Subscribe,
): GenerationWaiter {
  return {
    async generationEnded(ownerId, generationId, withinMs) {
      const rows = await watchRow({
        listen: listen(generationId),
        read: () => reader.generationStanding(ownerId, generationId),
        afterVersion: 0,
        isLast: ({ hasEnded }) => hasEnded,
      });
      if (rows === null) return;
      const timer = setTimeout(() => void rows.return?.(), withinMs);
      try {
        let step = await rows.next();
        while (step.done !== true) step = await rows.next();
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
