import { Confirm } from '../parts/dialog.tsx';
import { TroubleOf } from '../parts/trouble.tsx';
import type { Generation } from '../live/library.ts';
import type { GenerationActions } from './use-generation-actions.ts';

type DeleteGenerationProps = {
  readonly generation: Generation;
  readonly actions: GenerationActions;
  /** Called after the deletion. */
  readonly onDelete?: () => void;
};

export function DeleteGeneration({ generation, actions, onDelete }: DeleteGenerationProps) {
  const { remove, dismiss } = actions;
  const { length } = generation.images;
  const confirm = async () => {
    if ((await remove.run()) === true) onDelete?.();
  };
  return (
    <Confirm
      title={length > 1 ? `Delete these ${length} images?` : 'Delete this image?'}
      action={remove.isBusy ? 'Deleting…' : 'Delete for good'}
      isBusy={remove.isBusy}
      onConfirm={() => void confirm()}
      onClose={dismiss}
    >
      <p>
        {length > 1 ? 'They were generated together, and are deleted together. ' : ''}This cannot be undone.
      </p>
      {remove.error !== null && <TroubleOf error={remove.error} />}
    </Confirm>
  );
}
