import type { SubmitGenerationDeps } from '../jobs/submit-generation.ts';
import type { Subscribe } from './notifications.ts';
import { watchRow } from './watch.ts';

export interface GenerationReader {
  findGenerationVersion(
    ownerId: string,
    generationId: string,
  ): Promise<{ readonly version: number; readonly hasEnded: boolean } | null>;
}

/** Waits for a generation as a subscriber does: a change ends the wait, not a poll. */
export function createGenerationWaiter(
  reader: GenerationReader,
  listen: (generationId: string) => Subscribe,
): SubmitGenerationDeps['waitForGeneration'] {
  return async (ownerId, generationId, timeoutMs) => {
    const rows = await watchRow({
      listen: listen(generationId),
      read: () => reader.findGenerationVersion(ownerId, generationId),
      afterVersion: 0,
      isLast: ({ hasEnded }) => hasEnded,
    });
    if (rows === null) return;
    const timer = setTimeout(() => void rows.return?.(), timeoutMs);
    try {
      let step = await rows.next();
      while (step.done !== true) step = await rows.next();
    } finally {
      clearTimeout(timer);
    }
  };
}
