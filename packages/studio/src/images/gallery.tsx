import { type CSSProperties, type ReactNode } from 'react';
import type { Avatar } from '@likeness/client';
import { DeleteGeneration } from './delete-generation.tsx';
import { expectedRatio } from './sizes.ts';
import { fileLink } from './file-name.ts';
import { icons } from '../parts/icons.tsx';
import { links } from '../live/place.ts';
import { shotsOf, type Shot } from './cover.ts';
import { useImageSource } from './use-image-source.ts';
import { useGenerationActions, type GenerationActions } from './use-generation-actions.ts';
import { wordsOfError, wordsOfFailure } from '../words/failures.ts';
import type { Generation } from '../live/library.ts';

type GalleryProps = { readonly avatar: Avatar; readonly generations: readonly Generation[] };

/** All images in rows of one height, whatever their shape. */
export function Gallery({ avatar, generations }: GalleryProps) {
  if (generations.length === 0) return null;
  return (
    <ul className="gallery" aria-label="Images">
      {generations.map((generation) => (
        <Tiles key={generation.id} avatar={avatar} generation={generation} />
      ))}
    </ul>
  );
}

function Tiles({ avatar, generation }: { readonly avatar: Avatar; readonly generation: Generation }) {
  const actions = useGenerationActions(generation);
  const { status, prompt, numImages, id } = generation;
  const dialog = actions.isAsking && <DeleteGeneration generation={generation} actions={actions} />;
  if (status === 'COMPLETED') {
    return (
      <>
        {shotsOf(generation).map((shot) => (
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
              <strong>{status === 'QUEUED' ? 'Queued' : 'Generating'}</strong>
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
      <FailureTile generation={generation} ratio={Math.max(ratio, 0.75)} actions={actions} />
      {dialog}
    </>
  );
}

function FailureTile({
  generation,
  ratio,
  actions,
}: {
  readonly generation: Generation;
  readonly ratio: number;
  readonly actions: GenerationActions;
}) {
  const { error, prompt } = generation;
  const { title, advice } =
    error == null ? { title: 'Cancelled', advice: '' } : wordsOfFailure(error.code, 'image');
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
  readonly actions: GenerationActions;
}) {
  const { generation, index, url, width, height, flagged } = shot;
  const { prompt, id } = generation;
  const { src, key, onError } = useImageSource(generation, url);
  const file = fileLink(avatar.name, shot);
  const of = generation.images.length > 1 ? ` (${index + 1} of ${generation.images.length})` : '';
  const ratio = width !== null && height !== null ? width / height : expectedRatio(id, avatar.trainingType);
  return (
    <Tile ratio={ratio}>
      <a className="tile-link" href={links.image(avatar.id, id, index)}>
        {src === null ? (
          <span className="tile-words">
            <strong>No longer available</strong>
            <span className="tile-prompt">{prompt}</span>
          </span>
        ) : (
          <img key={key} src={src} alt={`${prompt}${of}`} loading="lazy" decoding="async" onError={onError} />
        )}
        {flagged && <span className="tile-flag">Flagged by fal’s safety checker</span>}
      </a>
      <span className="tile-tools">
        <span className="tile-caption" aria-hidden="true">
          {prompt}
        </span>
        <button
          type="button"
          className="button small icon-only on-film"
          aria-label={`Generate another: ${prompt}${of}`}
          title="Generate another"
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
