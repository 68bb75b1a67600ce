import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Announcer } from './parts/announcer.tsx';
import { AvatarPage } from './avatar/avatar-page.tsx';
import { icons } from './parts/icons.tsx';
import { links, usePlace } from './live/place.ts';
import { NewAvatar } from './home/new-avatar.tsx';
import { SignIn } from './session/sign-in.tsx';
import { ThemeButton } from './parts/theme.tsx';
import { TroubleOf } from './parts/trouble.tsx';
import { useObservable } from './live/observable.ts';
import { useStudio } from './live/studio.ts';
import { Wall } from './home/wall.tsx';

/** A reconnection mostly takes less, and is not shown then. */
const QUIET_MS = 1200;

export function App() {
  const { session, library } = useStudio();
  const state = useSyncExternalStore(session.subscribe, session.state);
  const { phase } = useObservable(library);
  const isOver = phase === 'ready';
  return (
    <>
      <a className="skip" href="#main" onClick={toMain}>
        Skip to the content
      </a>
      <Bar />
      {(state.kind === 'open' || isOver) && <Room />}
      {state.kind === 'signed-out' && <SignIn key={state.why} why={state.why} isOver={isOver} />}
      <Announcer />
    </>
  );
}

function toMain(event: { preventDefault(): void }): void {
  // The fragment is the place of the user.
  event.preventDefault();
  document.querySelector<HTMLElement>('#main')?.focus();
}

function Bar() {
  const { session } = useStudio();
  const state = useSyncExternalStore(session.subscribe, session.state);
  return (
    <header className="bar">
      <a className="wordmark" href={links.wall}>
        Likeness
      </a>
      <Connection />
      <span className="bar-tools">
        <ThemeButton />
        {session.needsToken && state.kind === 'open' && (
          <button
            type="button"
            className="button icon-only quiet"
            aria-label="Sign out"
            title="Sign out"
            onClick={() => {
              session.signOut();
              location.reload();
            }}
          >
            {icons.leave}
          </button>
        )}
      </span>
    </header>
  );
}

function Connection() {
  const { library, session } = useStudio();
  const { isConnected } = useObservable(library);
  const { kind } = useSyncExternalStore(session.subscribe, session.state);
  const [isShown, setIsShown] = useState(false);
  const isLost = isConnected === false && kind === 'open';
  useEffect(() => {
    if (!isLost) {
      setIsShown(false);
      return;
    }
    const timer = setTimeout(() => setIsShown(true), QUIET_MS);
    return () => {
      clearTimeout(timer);
    };
  }, [isLost]);
  return (
    <p className="connection" role="status">
      {isShown && (
        <>
          <span className="connection-lamp" aria-hidden="true" />
          Reconnecting…
        </>
      )}
    </p>
  );
}

function Room() {
  const { library } = useStudio();
  const { phase, failure } = useObservable(library);
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const key = place.kind === 'avatar' ? place.id : place.kind;
  const isFirst = useRef(true);
  // Before a user can have moved the focus.
  useLayoutEffect(() => {
    if (!isFirst.current) {
      scrollTo(0, 0);
      main.current?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [key]);
  return (
    <main id="main" ref={main} tabIndex={-1} className={`room room-${place.kind}`}>
      {phase === 'failed' && (
        <TroubleOf error={failure}>
          <button type="button" className="button" onClick={() => void library.load()}>
            Try again
          </button>
        </TroubleOf>
      )}
      {phase === 'loading' && <p className="loading">Opening the studio…</p>}
      {phase === 'ready' && place.kind === 'wall' && <Wall />}
      {phase === 'ready' && place.kind === 'new' && <NewAvatar />}
      {phase === 'ready' && place.kind === 'avatar' && <AvatarPage key={place.id} place={place} />}
    </main>
  );
}
