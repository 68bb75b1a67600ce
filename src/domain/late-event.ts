import type { FinalState } from './job-state.ts';
import { isSameJson, type Json } from '../values/json.ts';
import { storable } from '../values/jsonb.ts';
import type { RunEvent } from './run-event.ts';

/**
 * Whether what a webhook says of a run that has ended goes with that end, or contradicts it. A cancelled run
 * contradicts nothing: fal may have finished it all the same.
 *
 * @param answer what fal said when the run ended, as it is stored; undefined when that is not known any more
 */
export function isConsistent(
  state: FinalState,
  answer: Json | undefined,
  event: Extract<RunEvent, { kind: 'bound' | 'succeeded' | 'failed' }>,
): boolean {
  switch (state) {
    case 'CANCELLED':
      return true;
    case 'FAILED':
      // A success without its artefact is stored as a failure; said again, it is the same word.
      return event.kind === 'failed' || (event.kind === 'succeeded' && isStored(answer, event.output));
    case 'COMPLETED':
      if (event.kind !== 'succeeded') return event.kind === 'bound';
      return answer === undefined || isStored(answer, event.output);
  }
}

/** Storing may have changed what no database takes. */
function isStored(answer: Json | undefined, output: unknown): boolean {
  return isSameJson(answer, storable(output));
}
