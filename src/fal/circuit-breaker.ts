import { errorText } from './schemas.ts';
import { isJsonObject } from '../values/json.ts';
import type { Body, FalAnswer } from './send-once.ts';
import type { Log } from '../log/log.ts';

export type BreakerReason = 'KEY_REFUSED' | 'BALANCE_EXHAUSTED';

/** The open state, shared by all instances and kept over restarts. */
export interface BreakerStore {
  isOpen(): Promise<boolean>;
  stop(reason: BreakerReason, message: string): Promise<void>;
}

const SECOND = 1000;
/** fal may ask for any pause; one that is longer would rather be a mistake. */
const LONGEST_PAUSE_MS = 600 * SECOND;

/**
 * Keeps back submits that fal would refuse. Two things hold them: a pause that fal asked for (Retry-After), in this
 * instance; and a key or an account that fal does not accept, in all instances until an operator has seen to it.
 */
export class CircuitBreaker {
  readonly #stops: BreakerStore;
  readonly #log: Log;
  #pausedUntil = -Infinity;

  constructor(stops: BreakerStore, log: Log) {
    this.#stops = stops;
    this.#log = log;
  }

  /** Why nothing may be submitted now, fit to be shown to callers; null when it may. Throws what the stops' store does. */
  async reason(): Promise<string | null> {
    const pauseMs = this.#pausedUntil - performance.now();
    if (pauseMs > 0) {
      return `fal is too busy and asked for a pause: try again in ${Math.ceil(pauseMs / SECOND)} s. Nothing was started.`;
    }
    return (await this.#stops.isOpen())
      ? 'No runs can be started at the moment; whoever runs this service has been told. Nothing was started.'
      : null;
  }

  /** Draws its conclusions from fal's answer to a submit. */
  async learn(answer: FalAnswer): Promise<void> {
    if (answer.kind === 'unanswered') return;
    const { status, headers, body } = answer;
    if (status === 429 || status === 503) {
      const until = performance.now() + pauseMs(headers.get('retry-after'));
      this.#pausedUntil = Math.max(this.#pausedUntil, until);
    }
    const words = ('json' in body ? errorText(body.json) : null) ?? `HTTP ${status}`;
    const reason = stopReason(status, body);
    if (reason === null) return;
    this.#log.error(
      { reason, status, words },
      'circuit breaker open: fal refuses our key or account; fix it, then restart a server',
    );
    await this.#stops.stop(reason, words);
  }
}

function stopReason(status: number, body: Body): BreakerReason | null {
  if (status === 401) return 'KEY_REFUSED';
  if (status === 402) return 'BALANCE_EXHAUSTED';
  return status === 403 && isLockedAccount(body) ? 'BALANCE_EXHAUSTED' : null;
}

/**
 * fal's form for an account that may start nothing, `{"detail": "User is locked. Reason: ..."}`. Any other 403 is about
 * one request or one endpoint, and its text may quote what a caller wrote.
 */
function isLockedAccount(body: Body): boolean {
  if (!('json' in body) || !isJsonObject(body.json)) return false;
  const { detail } = body.json;
  return typeof detail === 'string' && detail.startsWith('User is locked.');
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function pauseMs(retryAfter: string | null): number {
  const value = retryAfter?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * SECOND : Date.parse(value) - Date.now();
  return ms > 0 ? Math.min(ms, LONGEST_PAUSE_MS) : 0;
}
