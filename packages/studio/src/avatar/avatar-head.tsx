import { useId, useState, type SubmitEvent } from 'react';
import type { Avatar } from '@likeness/client';
import { announce } from '../parts/announcer.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { goTo, links } from '../live/place.ts';
import { icons } from '../parts/icons.tsx';
import { isUnderWay, statusInWords } from '../words/avatar-status.ts';
import { NameField } from '../parts/name-field.tsx';
import { TroubleOf } from '../parts/trouble.tsx';
import { useCall } from '../parts/use-call.ts';
import { useStudio } from '../live/studio.ts';

/** Longer names take a smaller type, so that the work below stays on screen. */
const LONG_NAME = 32;

export function AvatarHead({ avatar }: { readonly avatar: Avatar }) {
  const [isRenaming, setIsRenaming] = useState(false);
  const [isDeleting, setIsDeleting] = useState(false);
  if (isRenaming) return <Rename avatar={avatar} onEnd={() => setIsRenaming(false)} />;
  return (
    <header className="avatar-head">
      <h1 className={`display avatar-name ${avatar.name.length > LONG_NAME ? 'is-long' : ''}`}>
        {avatar.name}
      </h1>
      {!isUnderWay(avatar) && (
        <p className={`avatar-status status-${avatar.status.toLowerCase()}`}>{statusInWords(avatar)}</p>
      )}
      <span className="avatar-tools">
        <button type="button" className="button quiet small" onClick={() => setIsRenaming(true)}>
          {icons.pen} Rename
        </button>
        <button type="button" className="button quiet small" onClick={() => setIsDeleting(true)}>
          {icons.bin} Delete
        </button>
      </span>
      {isDeleting && <Delete avatar={avatar} onClose={() => setIsDeleting(false)} />}
    </header>
  );
}

function Rename({ avatar, onEnd }: { readonly avatar: Avatar; readonly onEnd: () => void }) {
  const { client, library } = useStudio();
  const [name, setName] = useState(avatar.name);
  const field = useId();
  const rename = useCall(() => client.updateAvatar({ avatarId: avatar.id, name: name.trim() }));
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const renamed = name.trim() === avatar.name ? avatar : await rename.run();
    if (renamed === undefined) return;
    library.putAvatar(renamed);
    announce(`Renamed to ${renamed.name}`);
    onEnd();
  };
  return (
    <form
      className="avatar-head rename"
      onSubmit={(event) => void submit(event)}
      onKeyDown={({ key }) => key === 'Escape' && onEnd()}
    >
      <label className="unseen" htmlFor={field}>
        Name
      </label>
      <NameField id={field} name={name} onName={setName} />
      <span className="avatar-tools">
        <button type="submit" className="button small" disabled={rename.isBusy || name.trim() === ''}>
          Save
        </button>
        <button type="button" className="button quiet small" onClick={onEnd}>
          Cancel
        </button>
      </span>
      {rename.error !== null && <TroubleOf error={rename.error} />}
    </form>
  );
}

function Delete({ avatar, onClose }: { readonly avatar: Avatar; readonly onClose: () => void }) {
  const { client, library } = useStudio();
  const remove = useCall(() => client.deleteAvatar({ avatarId: avatar.id }).then(() => true));
  const confirm = async () => {
    if ((await remove.run()) !== true) return;
    announce(`${avatar.name} is deleted`);
    library.removeAvatar(avatar.id);
    goTo(links.wall, { replace: true });
  };
  return (
    <Confirm
      title={`Delete ${avatar.name}?`}
      action={remove.isBusy ? 'Deleting…' : 'Delete for good'}
      isBusy={remove.isBusy}
      onConfirm={() => void confirm()}
      onClose={onClose}
    >
      <p>
        This deletes the avatar with its photos and all its images.
        {isUnderWay(avatar) && ' Its training will be cancelled.'} This cannot be undone.
      </p>
      {remove.error !== null && <TroubleOf error={remove.error} />}
    </Confirm>
  );
}
