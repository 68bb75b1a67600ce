import { type CSSProperties, type ReactNode } from 'react';
import type { Avatar } from '@likeness/client';
import { DeletePictures } from './delete-pictures.tsx';
import { expectedRatio } from './sizes.ts';
import { fileLink } from './file-name.ts';
import { icons } from '../parts/icons.tsx';
import { links } from '../live/place.ts';
import { shotsOf, type Shot } from './cover.ts';
import { useImageSource } from './use-image-source.ts';
import { usePictureActions, type PictureActions } from './use-picture-actions.ts';
import { wordsOfError, wordsOfFailure } from '../words/failures.ts';
import type { Picture } from '../live/library.ts';

type GalleryProps = { readonly avatar: Avatar; readonly pictures: readonly Picture[] };

/** All pictures in rows of one height, whatever their shape. */
export function Gallery({ avatar, pictures }: GalleryProps) {
  if (pictures.length === 0) return null;
  return (
    <ul className="gallery" aria-label="Pictures">
      {pictures.map((picture) => (
        <Tiles key={picture.id} avatar={avatar} picture={picture} />
      ))}
    </ul>
  );
}

function Tiles({ avatar, picture }: { readonly avatar: Avatar; readonly picture: Picture }) {
  const actions = usePictureActions(picture);
  const { status, prompt, numImages, id } = picture;
  const dialog = actions.isAsking && <DeletePictures generation={picture} actions={actions} />;
  if (status === 'COMPLETED') {
    return (
      <>
        {shotsOf(picture).map((shot) => (
          <ShotTile key={shot.index} avatar={avatar} shot={shot} actions={actions} />
        ))}
        {dialog}
      </>
    );
  }
  const ratio = expectedRatio(id, avatar.trainingType);
  if (status === 'QUEUED' || status === 'RUNNING') {
    return (
      <>
        {Array.from({ length: numImages }, (_, index) => (
          <Tile key={index} ratio={ratio} className="is-making">
            <p className="tile-words">
              <strong>{status === 'QUEUED' ? 'In line' : 'Developing'}</strong>
              <span className="tile-prompt">{prompt}</span>
              {index === 0 && (
                <button
                  type="button"
                  className="button small on-film"
                  disabled={actions.cancel.isBusy}
                  onClick={() => void actions.cancel.run()}
                >
                  Cancel
                </button>
              )}
            </p>
          </Tile>
        ))}
      </>
    );
  }
  return (
    <>
      <FailureTile picture={picture} ratio={Math.max(ratio, 0.75)} actions={actions} />
      {dialog}
    </>
  );
}

function FailureTile({
  picture,
  ratio,
  actions,
}: {
  readonly picture: Picture;
  readonly ratio: number;
  readonly actions: PictureActions;
}) {
  const { error, prompt } = picture;
  const { title, advice } =
    error == null ? { title: 'Cancelled', advice: '' } : wordsOfFailure(error.code, 'picture');
  const failure = actions.again.error === null ? null : wordsOfError(actions.again.error);
  return (
    <Tile ratio={ratio} className="is-failed">
      <div className="tile-words">
        <strong>{title}</strong>
        <span className="tile-prompt">{prompt}</span>
        <span>{failure?.title ?? advice}</span>
        {error != null && <span className="tile-detail">{failure?.detail ?? error.message}</span>}
        <span className="tile-buttons">
          <button
            type="button"
            className="button small"
            disabled={actions.again.isBusy}
            onClick={() => void actions.again.run(false)}
          >
            {icons.again} Try again
          </button>
          <button
            type="button"
            className="button small quiet"
            aria-label={`Delete: ${prompt}`}
            onClick={actions.ask}
          >
            {icons.bin}
          </button>
        </span>
      </div>
    </Tile>
  );
}

function ShotTile({
  avatar,
  shot,
  actions,
}: {
  readonly avatar: Avatar;
  readonly shot: Shot;
  readonly actions: PictureActions;
}) {
  const { generation, index, url, width, height, flagged } = shot;
  const { prompt, id } = generation;
  const { src, key, onError } = useImageSource(generation, url);
  const file = fileLink(avatar.name, shot);
  const of = generation.images.length > 1 ? ` (${index + 1} of ${generation.images.length})` : '';
  const ratio = width !== null && height !== null ? width / height : expectedRatio(id, avatar.trainingType);
  return (
    <Tile ratio={ratio}>
      <a className="tile-link" href={links.picture(avatar.id, id, index)}>
        {src === null ? (
          <span className="tile-words">
            <strong>Not available any more</strong>
            <span className="tile-prompt">{prompt}</span>
          </span>
        ) : (
          <img key={key} src={src} alt={`${prompt}${of}`} loading="lazy" decoding="async" onError={onError} />
        )}
        {flagged && <span className="tile-flag">Held back by fal’s safety check</span>}
      </a>
      <span className="tile-tools">
        <span className="tile-caption" aria-hidden="true">
          {prompt}
        </span>
        <button
          type="button"
          className="button small icon-only on-film"
          aria-label={`Make another: ${prompt}${of}`}
          title="Make another"
          disabled={actions.again.isBusy}
          onClick={() => void actions.again.run(true)}
        >
          {icons.again}
        </button>
        {!flagged && (
          <a
            className="button small icon-only on-film"
            {...file.to}
            aria-label={`${file.name}: ${prompt}${of}`}
            title={file.name}
          >
            {file.icon}
          </a>
        )}
        <button
          type="button"
          className="button small icon-only on-film"
          aria-label={`Delete: ${prompt}${of}`}
          title="Delete"
          onClick={actions.ask}
        >
          {icons.bin}
        </button>
      </span>
    </Tile>
  );
}

function Tile({
  ratio,
  className = '',
  children,
}: {
  readonly ratio: number;
  readonly className?: string;
  readonly children: ReactNode;
}) {
  return (
    <li className={`tile ${className}`} style={{ '--ratio': ratio } as CSSProperties}>
      {children}
    </li>
  );
}
