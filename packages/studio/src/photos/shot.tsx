import { useState, type ReactNode } from 'react';
import type { PhotoSet } from '@likeness/client';
import { announce } from '../parts/announcer.tsx';
import { icons, Mark } from '../parts/icons.tsx';
import { useCall } from '../parts/use-call.ts';
import { useSource } from '../parts/use-source.ts';
import { useStudio } from '../live/studio.ts';
import { verdictOfRefusal, verdictOfWarning, type Verdict } from '../words/photo-verdicts.ts';
import type { Upload } from './trays.ts';

type Photo = PhotoSet['photos'][number];

/** A photo of the set on the server. */
export function PhotoShot({
  avatarId,
  photo,
  number,
  readAgain,
}: {
  readonly avatarId: string;
  readonly photo: Photo;
  readonly number: number;
  /** Gets a new URL of the photo. */
  readonly readAgain: () => Promise<void>;
}) {
  const { client, trays } = useStudio();
  const [isGone, setIsGone] = useState(false);
  const remove = useCall(() => client.deletePhoto({ photoId: photo.id }).then(() => true));
  if (isGone) return null;
  const preview = trays.previewOf(photo.id);
  const onRemove = async () => {
    if ((await remove.run()) !== true) return;
    announce(`${photo.name} removed`);
    setIsGone(true);
    trays.forgetArrived(avatarId, (id) => id === photo.id);
  };
  return (
    <Shot
      number={number}
      name={photo.name}
      preview={preview ?? photo.url}
      readAgain={preview === null ? readAgain : null}
      kind={photo.state === 'PENDING' ? 'pending' : photo.state === 'ACCEPTED' ? 'accepted' : 'refused'}
      verdicts={
        photo.state === 'REFUSED'
          ? [verdictOfRefusal(photo.code ?? null, photo.message ?? null)]
          : photo.warnings.map(({ code }) => verdictOfWarning(code))
      }
      caption={photo.caption ?? null}
      words={
        remove.error !== null
          ? 'Not removed: try again'
          : photo.state === 'PENDING'
            ? 'Not uploaded yet'
            : null
      }
      onRemove={() => void onRemove()}
    />
  );
}

/** A file that is being sent, or that has a verdict and is not in the set yet. */
export function UploadShot({
  avatarId,
  upload,
  number,
}: {
  readonly avatarId: string;
  readonly upload: Upload;
  readonly number: number;
}) {
  const { trays } = useStudio();
  const { result, file, sentBytes, preview } = upload;
  const share = file.size === 0 ? 0 : Math.min(1, sentBytes / file.size);
  const kind = result === null ? 'pending' : result.state === 'ACCEPTED' ? 'accepted' : 'refused';
  return (
    <Shot
      number={number}
      name={file.name}
      preview={preview}
      readAgain={null}
      kind={kind}
      verdicts={
        result === null
          ? []
          : result.state === 'FAILED'
            ? [{ name: 'Upload failed', advice: result.message ?? '' }]
            : result.state === 'REFUSED'
              ? [verdictOfRefusal(result.code, result.message)]
              : result.warnings.map(({ code }) => verdictOfWarning(code))
      }
      caption={upload.caption ?? null}
      words={result !== null ? null : share === 0 ? 'Waiting' : share < 1 ? 'Uploading' : 'Checking'}
      {...(result === null ? { share } : { onRemove: () => trays.remove(avatarId, upload) })}
    >
      {result?.state === 'FAILED' && (
        <button type="button" className="button small" onClick={() => trays.repeat(avatarId, upload)}>
          Upload again
        </button>
      )}
    </Shot>
  );
}

type ShotProps = {
  readonly number: number;
  readonly name: string;
  readonly preview: string | null;
  /** Gets a new URL of the preview. Null: it does not expire. */
  readonly readAgain: (() => Promise<void>) | null;
  readonly kind: 'pending' | 'accepted' | 'refused';
  readonly verdicts: readonly Verdict[];
  readonly caption: string | null;
  readonly words: string | null;
  /** The share of bytes sent, 0 to 1; absent: the file is not being sent. */
  readonly share?: number;
  readonly onRemove?: () => void;
  readonly children?: ReactNode;
};

function Shot({
  number,
  name,
  preview,
  readAgain,
  kind,
  verdicts,
  caption,
  words,
  share,
  onRemove,
  children,
}: ShotProps) {
  const hasDoubts = kind === 'accepted' && verdicts.length > 0;
  const { src, key, onError } = useSource(preview, readAgain);
  return (
    <li className={`shot is-${kind} ${hasDoubts ? 'has-doubts' : ''}`}>
      <span className="edge" aria-hidden="true">
        <span>{number}</span>
        <span className="edge-name" title={name}>
          {name}
        </span>
      </span>
      <span className="shot-frame">
        {src !== null ? (
          <img key={key} src={src} alt={name} loading="lazy" decoding="async" onError={onError} />
        ) : (
          <span className="shot-unseen">{name}</span>
        )}
        {kind === 'accepted' && !hasDoubts && <Mark kind="tick" />}
        {kind === 'refused' && <Mark kind="cross" />}
        {share !== undefined && (
          <span className="shot-bar" aria-hidden="true">
            <span style={{ inlineSize: `${Math.round(share * 100)}%` }} />
          </span>
        )}
        {onRemove !== undefined && (
          <button
            type="button"
            className="shot-remove"
            aria-label={`Remove ${name}`}
            title="Remove"
            onClick={onRemove}
          >
            {icons.close}
          </button>
        )}
      </span>
      <span className="shot-words">
        {verdicts.map((verdict) => (
          <span key={verdict.name} className="verdict">
            <strong>{verdict.name}</strong> <span>{verdict.advice}</span>
          </span>
        ))}
        {verdicts.length === 0 && (
          <span className="verdict-plain">{words ?? (kind === 'accepted' ? 'Accepted' : '')}</span>
        )}
        {verdicts.length > 0 && words !== null && <span className="verdict-plain">{words}</span>}
        {caption !== null && <span className="shot-caption">“{caption}”</span>}
        {children}
      </span>
    </li>
  );
}
