import type { Json } from '../values/json.ts';
import type { ProviderCode, Refusal } from './refusal.ts';

/** The addresses of a run that fal's response to the submit gave; null where it gave none. */
export type RunUrls = {
  readonly statusUrl: string | null;
  readonly responseUrl: string | null;
  readonly cancelUrl: string | null;
};

/** Stored as `settledBy` with the event that ended a job. */
export type Source = 'SUBMIT' | 'WEBHOOK' | 'POLL' | 'CANCEL' | 'DELETE' | 'DEADLINE' | 'OPERATOR';

/** What fal bills for the run, in fal's unit: a decimal number. Absent where fal did not tell. */
type Billed = { readonly billableUnits?: string };

/**
 * A fact about a run, whatever brought it: the submit's response, a webhook, a poll, a cancel or a deadline. A request id
 * of null means the run that was asked about.
 */
export type RunEvent =
  | {
      readonly kind: 'accepted';
      readonly requestId: string;
      readonly urls: RunUrls;
      readonly position: number | null;
    }
  /** Certainly no run was started. */
  | {
      readonly kind: 'refused';
      readonly failure: Refusal<ProviderCode>;
      /** fal has retired the endpoint. */
      readonly isGone?: boolean;
    }
  /** The submit was sent without a usable response: a run may exist. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** The operator found that the submit with unknown outcome started no run. */
  | { readonly kind: 'notStarted'; readonly message: string }
  /** fal reports success without the result, which must be fetched. */
  | { readonly kind: 'identified'; readonly requestId: string }
  | { readonly kind: 'queued'; readonly position: number | null }
  | { readonly kind: 'running'; readonly percent: number | null }
  | ({ readonly kind: 'succeeded'; readonly requestId: string | null; readonly output: Json } & Billed)
  | ({
      readonly kind: 'failed';
      readonly requestId: string | null;
      readonly message: string;
      readonly output: Json;
    } & Billed)
  | { readonly kind: 'cancelled'; readonly requestId: string | null }
  /** The owner cancelled before the submit's run was known. */
  | { readonly kind: 'cancelledBeforeSubmit' }
  /** A poll found that a run stored as failed did succeed. */
  | ({ readonly kind: 'confirmed'; readonly requestId: string; readonly output: Json } & Billed)
  /** The run or its result cannot be found, or a deadline has passed. */
  | { readonly kind: 'abandoned'; readonly message: string };

export function requestIdOf(event: RunEvent): string | null {
  return 'requestId' in event ? event.requestId : null;
}
