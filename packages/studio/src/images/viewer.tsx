import { useEffect } from 'react';
import type { Avatar } from '@likeness/client';
import { dateAndTime } from '../words/numbers.ts';
import { DeleteGeneration } from './delete-generation.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { fileLink } from './file-name.ts';
import { goTo, links } from '../live/place.ts';
import { icons } from '../parts/icons.tsx';
import { TroubleOf } from '../parts/trouble.tsx';
import { useImageSource } from './use-image-source.ts';
import { useGenerationActions } from './use-generation-actions.ts';
import type { Shot } from './cover.ts';

type ViewerProps = {
  readonly avatar: Avatar;
  readonly shots: readonly Shot[];
  readonly shot: Shot;
  readonly onClose: () => void;
};

/** One image, large, with its details. The arrow keys show its neighbours. */
export function Viewer({ avatar, shots, shot, onClose }: ViewerProps) {
  const at = shots.findIndex(({ url, index }) => url === shot.url && index === shot.index);
  const show = (next: Shot | undefined) => {
    if (next !== undefined) goTo(links.image(avatar.id, next.generation.id, next.index), { replace: true });
  };
  useEffect(() => {
    const onKey = ({ key, target }: KeyboardEvent) => {
      if (target instanceof HTMLElement && target.closest('dialog:not(.viewer)') !== null) return;
      if (key === 'ArrowLeft') show(shots[at - 1]);
      if (key === 'ArrowRight') show(shots[at + 1]);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  const { generation, url, index, width, height, flagged } = shot;
  const { prompt, seed, createdAt } = generation;
  const { src, key, onError } = useImageSource(generation, url);
  return (
    <Dialog label={`Image: ${prompt}`} className="viewer" onClose={onClose}>
      <div className="viewer-stage">
        {src === null ? (
          <p className="hint">No longer available</p>
        ) : (
          <img key={key} src={src} alt={prompt} onError={onError} />
        )}
        <button
          type="button"
          className="viewer-step viewer-before"
          aria-label="Newer image"
          disabled={at <= 0}
          onClick={() => show(shots[at - 1])}
        >
          {icons.back}
        </button>
        <button
          type="button"
          className="viewer-step viewer-after"
          aria-label="Older image"
          disabled={at >= shots.length - 1}
          onClick={() => show(shots[at + 1])}
        >
          {icons.next}
        </button>
      </div>
      <ViewerSide key={generation.id} avatar={avatar} shot={shot} onClose={onClose}>
        <p className="viewer-place">
          {at + 1} / {shots.length}
        </p>
        <h2 className="viewer-prompt" dir="auto">
          {prompt}
        </h2>
        {flagged && (
          <p className="hint">fal’s safety checker flagged this image. There is nothing to download.</p>
        )}
        <dl className="facts">
          {generation.images.length > 1 && (
            <div>
              <dt>Image</dt>
              <dd>
                {index + 1} of {generation.images.length}
              </dd>
            </div>
          )}
          {width !== null && height !== null && (
            <div>
              <dt>Pixels</dt>
              <dd>
                {width} × {height}
              </dd>
            </div>
          )}
          {seed != null && (
            <div>
              <dt>Seed</dt>
              <dd>{seed}</dd>
            </div>
          )}
          <div>
            <dt>Created</dt>
            <dd>{dateAndTime(createdAt)}</dd>
          </div>
        </dl>
      </ViewerSide>
    </Dialog>
  );
}

function ViewerSide({
  avatar,
  shot,
  onClose,
  children,
}: Pick<ViewerProps, 'avatar' | 'shot' | 'onClose'> & { readonly children: React.ReactNode }) {
  const actions = useGenerationActions(shot.generation);
  const file = fileLink(avatar.name, shot);
  const again = async () => {
    if ((await actions.again.run(true)) === true) onClose();
  };
  return (
    <div className="viewer-side">
      {children}
      <div className="viewer-actions">
        {!shot.flagged && (
          <a className="button primary" {...file.to}>
            {file.icon} {file.name}
          </a>
        )}
        <button type="button" className="button" disabled={actions.again.isBusy} onClick={() => void again()}>
          {icons.again} Generate another
        </button>
        <button type="button" className="button quiet" onClick={actions.ask}>
          {icons.bin} Delete
        </button>
      </div>
      {actions.again.error !== null && <TroubleOf error={actions.again.error} />}
      <button
        type="button"
        className="button icon-only quiet viewer-close"
        aria-label="Close"
        onClick={onClose}
      >
        {icons.close}
      </button>
      {actions.isAsking && (
        <DeleteGeneration generation={shot.generation} actions={actions} onDelete={onClose} />
      )}
    </div>
  );
}
