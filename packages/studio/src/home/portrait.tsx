import type { Avatar } from '@likeness/client';
import { coverOf } from '../images/cover.ts';
import { isUnderWay } from '../words/avatar-status.ts';
import { useImageSource } from '../images/use-image-source.ts';
import { useObservable } from '../live/observable.ts';
import { useStudio } from '../live/studio.ts';

type PortraitProps = {
  readonly avatar: Avatar;
  /** Printed at the edge of the film. */
  readonly edge: string;
  /** A photo that the training develops; null: there is none. */
  readonly photo?: string | null;
};

/** The avatar as a frame of film: its newest image, or the progress of its first training. */
export function Portrait({ avatar, edge, photo = null }: PortraitProps) {
  const { library } = useStudio();
  const { generations } = useObservable(library);
  const cover = coverOf(avatar.id, generations);
  const { src, key, onError } = useImageSource(cover?.generation ?? null, cover?.url ?? null);
  const percent = avatar.status === 'TRAINING' ? (avatar.progress?.percent ?? null) : null;
  return (
    <span className={`film ${isUnderWay(avatar) ? 'is-under-way' : ''}`}>
      <span className="edge" aria-hidden="true">
        <span>{edge}</span>
        <span>{avatar.trainingType === 'STYLE' ? 'Style' : 'Portrait'}</span>
      </span>
      <span className="frame">
        {src !== null ? (
          <img key={key} src={src} alt="" loading="lazy" decoding="async" onError={onError} />
        ) : (
          <Latent name={avatar.name} photo={photo} percent={percent} />
        )}
      </span>
      {isUnderWay(avatar) && <FilmBar percent={percent} />}
    </span>
  );
}

/** A frame without an image: the initial, or a photo that appears with the progress of the training. */
export function Latent({
  name,
  photo,
  percent,
}: {
  readonly name: string;
  readonly photo: string | null;
  readonly percent: number | null;
}) {
  return (
    <span className="latent" aria-hidden="true">
      {photo === null || percent === null ? (
        <span className="latent-initial">{firstCharacter(name)}</span>
      ) : (
        <img className="latent-photo" src={photo} alt="" style={{ opacity: percent / 100 }} />
      )}
    </span>
  );
}

function firstCharacter(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return first?.segment ?? '';
}

/** Shows a percentage that fal has reported; without one it only shows that something is under way. */
function FilmBar({ percent }: { readonly percent: number | null }) {
  return (
    <span className={`film-bar ${percent === null ? 'is-open' : ''}`} aria-hidden="true">
      <span style={percent === null ? undefined : { inlineSize: `${percent}%` }} />
    </span>
  );
}
