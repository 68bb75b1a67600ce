import { cancelTraining } from './cancel-training.ts';
import { createAvatar, type AvatarStore } from './create-avatar.ts';
import { deleteAvatar } from './delete-avatar.ts';
import { generateImage, type GenerationWaiter } from './generate-image.ts';
import { startTraining } from './start-training.ts';
import type { JobDeps } from './ports.ts';

/** A use case without its dependencies: the owner first, then its input. */
type Bound<UseCase> = UseCase extends (deps: never, ...args: infer Args) => infer Returned
  ? (...args: Args) => Returned
  : never;

/** What callers can have done. Each checks its own input, and says by its type what it can refuse with. */
export type UseCases = {
  readonly createAvatar: Bound<typeof createAvatar>;
  readonly startTraining: Bound<typeof startTraining>;
  readonly cancelTraining: Bound<typeof cancelTraining>;
  readonly deleteAvatar: Bound<typeof deleteAvatar>;
  readonly generateImage: Bound<typeof generateImage>;
};

export function createUseCases(
  deps: JobDeps & { readonly avatars: AvatarStore; readonly waiter: GenerationWaiter },
): UseCases {
  return {
    createAvatar: (...args) => createAvatar(deps, ...args),
    startTraining: (...args) => startTraining(deps, ...args),
    cancelTraining: (...args) => cancelTraining(deps, ...args),
    deleteAvatar: (...args) => deleteAvatar(deps, ...args),
    generateImage: (...args) => generateImage(deps, ...args),
  };
}
