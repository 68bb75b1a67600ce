import { Observable, useObservable } from '../live/observable.ts';

const said = new Observable('');

/** Says something to users of screen readers. */
export function announce(text: string): void {
  // The same text twice would not be read twice.
  said.set(said.get() === text ? `${text}\u00a0` : text);
}

export function Announcer() {
  return (
    <p className="unseen" role="status" aria-live="polite">
      {useObservable(said)}
    </p>
  );
}
