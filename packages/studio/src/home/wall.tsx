import { useEffect } from 'react';
import { icons, Mark } from '../parts/icons.tsx';
import { links } from '../live/place.ts';
import { newestFirst } from '../live/library.ts';
import { Portrait } from './portrait.tsx';
import { statusInWords } from '../words/avatar-status.ts';
import { TroubleOf } from '../parts/trouble.tsx';
import { useCall } from '../parts/use-call.ts';
import { useObservable } from '../live/observable.ts';
import { useStudio } from '../live/studio.ts';

/** All avatars, as frames of one roll of film. */
export function Wall() {
  const { library } = useStudio();
  const { avatars, next } = useObservable(library);
  const more = useCall(() => library.loadMoreAvatars());
  useEffect(() => {
    document.title = 'Likeness Studio';
  }, []);
  const rows = newestFirst(avatars.values());
  if (rows.length === 0) return <EmptyWall />;
  return (
    <>
      <div className="wall-head">
        <h1 className="display">Avatars</h1>
        <a className="button primary" href={links.new}>
          {icons.plus} New avatar
        </a>
      </div>
      <ul className="wall">
        {rows.map((avatar, index) => (
          <li key={avatar.id}>
            <a className="card" href={links.avatar(avatar.id)}>
              <Portrait avatar={avatar} edge={`${rows.length - index}${next === null ? '' : '+'}`} />
              <span className="card-name">{avatar.name}</span>
              <span className={`card-status status-${avatar.status.toLowerCase()}`}>
                {statusInWords(avatar)}
              </span>
            </a>
          </li>
        ))}
        <li>
          <a className="card" href={links.new} tabIndex={-1} aria-hidden="true">
            <span className="film film-blank">
              <span className="edge">{rows.length + 1}</span>
              <span className="frame">{icons.plus}</span>
            </span>
            <span className="card-name">New avatar</span>
          </a>
        </li>
      </ul>
      {more.error !== null && <TroubleOf error={more.error} />}
      {next !== null && (
        <p className="more">
          <button type="button" className="button" disabled={more.isBusy} onClick={() => void more.run()}>
            {more.isBusy ? 'Loading…' : 'Show older avatars'}
          </button>
        </p>
      )}
    </>
  );
}

function EmptyWall() {
  return (
    <div className="welcome">
      <div className="welcome-words">
        <h1 className="display">
          A face,
          <br />
          learned once,
          <br />
          pictured anywhere.
        </h1>
        <p className="lead">
          Add a dozen photos of one person. Train once. Then describe any image of them in your own words.
        </p>
        <a className="button primary big" href={links.new}>
          Create your first avatar
        </a>
      </div>
      <ol className="welcome-film" aria-hidden="true">
        {['Photos', 'Training', 'Images'].map((word, index) => (
          <li key={word} className="film">
            <span className="edge">
              <span>{index + 1}</span>
              <span>{word}</span>
            </span>
            <span className={`frame specimen specimen-${index + 1}`}>
              <Specimen />
            </span>
            {index === 2 && <Mark kind="ring" />}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** A head and shoulders, as plain as a drawing for a photographer. */
function Specimen() {
  return (
    <svg viewBox="0 0 90 120" preserveAspectRatio="xMidYMid slice">
      <circle cx="45" cy="50" r="19" />
      <path d="M10 120c1-27 15-41 35-41s34 14 35 41z" />
    </svg>
  );
}
