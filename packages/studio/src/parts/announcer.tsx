import { Observable, useObservable } from '../live/observable.ts';

const said = new Observable('');

/** Announces a text to screen readers. */
export function announce(text: string): void {
  // A screen reader ignores the same text.
  said.set(said.get() === text ? `${text}\u00a0` : text);
}

export function Announcer() {
  return (
    <p className="unseen" role="status" aria-live="polite">
      {useObservable(said)}
    </p>
  );
}
