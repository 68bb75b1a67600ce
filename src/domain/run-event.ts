import type { ProviderCode, Refusal } from './user-error.ts';
import type { Json } from '../values/json.ts';

/** Where fal says a run can be asked about; null where it did not say. */
export type RunUrls = {
  readonly statusUrl: string | null;
  readonly responseUrl: string | null;
  readonly cancelUrl: string | null;
};

/** Who told us. */
export type Source = 'SUBMIT' | 'WEBHOOK' | 'POLL' | 'CANCEL' | 'DELETE' | 'DEADLINE';

/**
 * What became known of a run, in the product's words. Every way of learning something (the submit's answer, a
 * webhook, a poll, a cancel, a deadline) ends in one of these, and one function decides what follows.
 */
export type RunEvent =
  /** fal took the run. */
  | {
      readonly kind: 'accepted';
      readonly requestId: string;
      readonly urls: RunUrls;
      readonly position: number | null;
    }
  /** It is certain that no run was started. */
  | { readonly kind: 'refused'; readonly failure: Refusal<ProviderCode> }
  /** The submit went out and nobody knows whether a run was started. */
  | { readonly kind: 'unknown'; readonly message: string }
  /** fal reports success but not the result: it has to be fetched. */
  | { readonly kind: 'bound'; readonly requestId: string }
  | { readonly kind: 'queued'; readonly position: number | null }
  | { readonly kind: 'running'; readonly percent: number | null }
  | { readonly kind: 'succeeded'; readonly requestId: string | null; readonly output: Json }
  | {
      readonly kind: 'failed';
      readonly requestId: string | null;
      readonly message: string;
      readonly output: Json;
    }
  | { readonly kind: 'cancelled'; readonly requestId: string | null }
  /** The caller wants the run no more, and no run is known yet. */
  | { readonly kind: 'withdrawn' }
  /** fal itself, asked, says that a run which counts as failed here did succeed, and gives its result. */
  | { readonly kind: 'confirmed'; readonly requestId: string; readonly output: Json }
  /** The run, or its result, cannot be found any more. */
  | { readonly kind: 'lost'; readonly message: string };

/** The request id an event carries, or null where it speaks of the run it was asked about. */
export function requestIdOf(event: RunEvent): string | null {
  return 'requestId' in event ? event.requestId : null;
}
