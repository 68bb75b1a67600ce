import { useEffect, useId, useRef, useState } from 'react';
import type { Avatar, PhotoSet } from '@likeness/client';
import { CaptionDialog } from './caption-dialog.tsx';
import { icons } from '../parts/icons.tsx';
import { MAX_PHOTOS, type Captioned } from './trays.ts';
import { PhotoShot, UploadShot } from './shot.tsx';
import { useFileDrop } from './use-file-drop.ts';
import { useStudio } from '../live/studio.ts';

const TYPES = 'image/jpeg,image/png,image/webp';

export type PhotoSheetProps = {
  readonly avatar: Avatar;
  readonly set: PhotoSet | null;
  /** Gets new URLs of the photos. */
  readonly readAgain: () => Promise<void>;
};

/** The photos as a contact sheet: each with its number and its verdict. */
export function ContactSheet({ avatar, set, readAgain }: PhotoSheetProps) {
  const { trays } = useStudio();
  const [captioned, setCaptioned] = useState<readonly File[]>([]);
  const [hasCaptions, setHasCaptions] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const help = useId();
  const { uploads } = trays.of(avatar.id);
  const photos = set?.photos ?? [];
  const take = (files: readonly File[]) => {
    if (files.length === 0) return;
    if (hasCaptions) setCaptioned(files);
    else add(files.map((file) => ({ file })));
  };
  const isOver = useFileDrop(take);
  useEffect(() => {
    trays.forgetArrived(avatar.id, (id) => photos.some((photo) => photo.id === id));
  });
  // A file that is being sent is shown with its preview, not as its pending photo.
  const onTheirWay = new Set(uploads.filter(({ result }) => result === null).map(({ file }) => file.name));
  const arrived = new Set(uploads.map(({ result }) => result?.photoId));
  const shownPhotos = photos.filter(
    ({ id, name, state }) => !arrived.has(id) && !(state === 'PENDING' && onTheirWay.has(name)),
  );
  const taken =
    shownPhotos.filter(({ state }) => state !== 'REFUSED').length +
    uploads.filter(({ result }) => result?.state !== 'REFUSED').length;
  const add = (files: readonly Captioned[]) => trays.add(avatar.id, files, MAX_PHOTOS - taken);
  const total = shownPhotos.length + uploads.length;
  const blanks = Math.max(0, (set?.minimum ?? 0) - total);
  return (
    <div className={`sheet ${isOver ? 'is-over' : ''} ${total === 0 ? 'is-empty' : ''}`}>
      <ul className="sheet-frames" aria-label="Photos">
        {shownPhotos.map((photo, index) => (
          <PhotoShot
            key={photo.id}
            avatarId={avatar.id}
            photo={photo}
            number={index + 1}
            readAgain={readAgain}
          />
        ))}
        {uploads.map((upload, index) => (
          <UploadShot
            key={`upload ${upload.key}`}
            avatarId={avatar.id}
            upload={upload}
            number={shownPhotos.length + index + 1}
          />
        ))}
        <li className="shot shot-add">
          <button
            type="button"
            className="add"
            aria-describedby={help}
            onClick={() => input.current?.click()}
          >
            {icons.plus}
            <span className="add-words">{total === 0 ? 'Choose photos' : 'Add photos'}</span>
            <span className="add-hint">{isOver ? 'Drop to add' : 'or drop them anywhere'}</span>
          </button>
        </li>
        {Array.from({ length: Math.max(0, blanks - 1) }, (_, index) => (
          <li key={`blank ${index}`} className="shot shot-blank" aria-hidden="true">
            <span className="edge">{total + index + 2}</span>
            <span className="shot-frame" />
          </li>
        ))}
      </ul>
      <input
        ref={input}
        className="unseen"
        type="file"
        accept={TYPES}
        multiple
        tabIndex={-1}
        aria-hidden="true"
        onChange={({ target }) => {
          take([...(target.files ?? [])]);
          target.value = '';
        }}
      />
      <div className="sheet-foot">
        <p id={help}>
          {avatar.trainingType === 'STYLE'
            ? 'Images in one style, of different things. JPEG, PNG or WebP, up to 20 MB each.'
            : 'One person alone, sharp, in different light, poses and clothes. JPEG, PNG or WebP, up to 20 MB each.'}
        </p>
        <label className="check">
          <input
            type="checkbox"
            checked={hasCaptions}
            onChange={({ target }) => setHasCaptions(target.checked)}
          />
          Write captions first
        </label>
      </div>
      {captioned.length > 0 && (
        <CaptionDialog
          files={captioned}
          onClose={() => setCaptioned([])}
          onDone={(files) => {
            setCaptioned([]);
            add(files);
          }}
        />
      )}
    </div>
  );
}
