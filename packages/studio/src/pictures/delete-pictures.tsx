import { Confirm } from '../parts/dialog.tsx';
import { TroubleOf } from '../parts/trouble.tsx';
import type { Picture } from '../live/library.ts';
import type { PictureActions } from './use-picture-actions.ts';

type DeletePicturesProps = {
  readonly generation: Picture;
  readonly actions: PictureActions;
  /** Called before the pictures are gone. */
  readonly onDelete?: () => void;
};

export function DeletePictures({ generation, actions, onDelete }: DeletePicturesProps) {
  const { remove, dismiss } = actions;
  const { length } = generation.images;
  const confirm = async () => {
    if ((await remove.run()) === true) onDelete?.();
  };
  return (
    <Confirm
      title={length > 1 ? `Delete these ${length} pictures?` : 'Delete this picture?'}
      action={remove.isBusy ? 'Deleting…' : 'Delete for good'}
      isBusy={remove.isBusy}
      onConfirm={() => void confirm()}
      onClose={dismiss}
    >
      <p>{length > 1 ? 'They were made together, and go together. ' : ''}This cannot be undone.</p>
      {remove.error !== null && <TroubleOf error={remove.error} />}
    </Confirm>
  );
}
