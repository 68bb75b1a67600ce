import { inject } from 'vitest';

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether every shape of input is sent to every place: in the project `nightly`. */
    readonly everyPair: boolean;
  }
}

/**
 * The shapes of input to send to one of several places. `npm test` sends each shape to one place, and so a share of the
 * shapes to each place; `npm run test:nightly` sends all of them to all places.
 */
export function sampleFor<T>(place: number, places: number, shapes: readonly T[]): T[] {
  return shapes.filter((_, index) => inject('everyPair') || index % places === place);
}
