import { isSameJson, type Json } from '../values/json.ts';
import { storable } from '../values/jsonb.ts';
import type { FinalState } from './job-state.ts';
import type { RunEvent } from './run-event.ts';

/**
 * Whether a webhook about an ended run agrees with that end. A cancelled run agrees with everything: fal may have
 * finished it before the cancel arrived.
 *
 * @param response fal's stored response at the run's end; undefined when it is unknown
 */
export function isConsistent(
  state: FinalState,
  response: Json | undefined,
  event: Extract<RunEvent, { kind: 'identified' | 'succeeded' | 'failed' }>,
): boolean {
  // Storing changes characters that no jsonb column takes.
  const isStored = event.kind === 'succeeded' && isSameJson(response, storable(event.output));
  switch (state) {
    case 'CANCELLED':
      return true;
    case 'FAILED':
      // A success without an artifact is stored as a failure; its repeat is consistent.
      return event.kind === 'failed' || isStored;
    case 'COMPLETED':
      return (
        event.kind === 'identified' || (event.kind === 'succeeded' && (response === undefined || isStored))
      );
  }
}
