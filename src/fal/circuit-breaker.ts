import { errorText } from './schemas.ts';
import { isJsonObject } from '../values/json.ts';
import { MINUTE_MS, SECOND_MS } from '../values/units.ts';
import type { Body, FalResponse } from './send-once.ts';
import type { Log } from '../log/log.ts';
import type { Pause, PauseReason, Refusal } from '../domain/refusal.ts';

/** A longer pause is probably a mistake. */
const LONGEST_PAUSE_MS = 10 * MINUTE_MS;

/** The breaker's decision about one submit. */
export type Admission =
  | { readonly kind: 'closed' }
  /** The breaker is open and this submit tries whether it can close. `probe` identifies it. */
  | { readonly kind: 'probe'; readonly probe: Date }
  | { readonly kind: 'open'; readonly opened: Opened };

/** Why the breaker is open, and when a submit is the next probe. */
export type Opened = {
  /** Null: stored by a version that did not store it. */
  readonly reason: OpeningReason | null;
  readonly retryAt: Date;
  readonly retryInMs: number;
};

export type OpeningReason = Exclude<PauseReason, 'BUSY'>;

/** The breaker's state, shared by all instances with the same FAL_KEY and kept over restarts. */
export interface BreakerStore {
  /** Leases the probe when it is due: of all callers in all instances one gets it. */
  admit(): Promise<Admission>;
  /** Null when it is closed, or when the next submit is the probe. Leases nothing. */
  peek(): Promise<Opened | null>;
  /**
   * Opens the breaker, or makes the next wait longer when `probe` is the newest one. Resolves with null when
   * nothing changed because the breaker was open already.
   */
  open(reason: OpeningReason, message: string, probe: Date | null): Promise<Opened | null>;
  close(): Promise<void>;
  /** After a probe that decided nothing: the next submit is the probe. */
  release(probe: Date): Promise<void>;
}

/**
 * Holds submits back that fal would refuse: while a pause lasts that fal asked for (Retry-After), in this instance; and
 * after fal refused the key or the account, in all instances until a probe succeeds. A probe is a caller's own submit.
 */
export class CircuitBreaker {
  readonly #store: BreakerStore;
  readonly #log: Log;
  #pausedUntil = -Infinity;

  constructor(store: BreakerStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** `heldBack`: why nothing may be submitted now, fit to be shown to callers. Throws what the store throws. */
  async admit(): Promise<{ readonly heldBack: HeldBack } | { readonly probe: Date | null }> {
    const paused = this.#paused();
    if (paused !== null) return { heldBack: paused };
    const admission = await this.#store.admit();
    if (admission.kind === 'closed') return { probe: null };
    return admission.kind === 'probe' ? { probe: admission.probe } : { heldBack: heldBack(admission.opened) };
  }

  /** What admit() would hold a submit back with now; null if it would admit it. Leases no probe. */
  async heldBack(): Promise<HeldBack | null> {
    const paused = this.#paused();
    if (paused !== null) return paused;
    const opened = await this.#store.peek();
    return opened && heldBack(opened);
  }

  #paused(): HeldBack | null {
    const pauseMs = this.#pausedUntil - performance.now();
    if (pauseMs <= 0) return null;
    const seconds = Math.ceil(pauseMs / SECOND_MS);
    const message = `fal is too busy and asked for a pause: try again in ${seconds} s. Nothing was started.`;
    return { code: 'PROVIDER_UNAVAILABLE', message, pause: this.busy() };
  }

  /** The pause that fal asked for. */
  busy(): Pause {
    const pauseMs = this.#pausedUntil - performance.now();
    return { reason: 'BUSY', retryAt: pauseMs > 0 ? new Date(Date.now() + pauseMs) : null };
  }

  /**
   * Opens or closes the breaker by fal's response to a submit that was admitted. Resolves with what the caller of a refused
   * probe is told instead of fal's words: like all others it asked while the breaker was open.
   */
  async learn(response: FalResponse, probe: Date | null): Promise<HeldBack | null> {
    if (response.kind === 'response') {
      const { status, headers, body } = response;
      if (status === 429 || status === 503) {
        const until = performance.now() + pauseMs(headers.get('retry-after'));
        this.#pausedUntil = Math.max(this.#pausedUntil, until);
      }
      const reason = refusalReason(status, body);
      if (reason !== null) {
        const falMessage = errorText(body.json) ?? `HTTP ${status}`;
        const opened = await this.#store.open(reason, falMessage, probe);
        if (opened === null) return null;
        this.#log.error(
          { reason, status, falMessage, nextProbeAt: opened.retryAt.toISOString() },
          'circuit breaker open: fal refuses our key or account',
        );
        return probe === null ? null : heldBack(opened);
      }
      if (probe !== null && status >= 200 && status < 300) {
        await this.#store.close();
        this.#log.warn({}, 'circuit breaker closed: fal accepted a submit');
        return null;
      }
    }
    if (probe !== null) await this.#store.release(probe);
    return null;
  }
}

type HeldBack = Refusal<'PROVIDER_UNAVAILABLE'>;

/** Without fal's words, which are the operator's. */
function heldBack({ reason, retryAt, retryInMs }: Opened): HeldBack {
  const message = `No runs can be started at the moment. Try again in ${inWords(retryInMs)}. Nothing was started.`;
  return { code: 'PROVIDER_UNAVAILABLE', message, pause: { reason, retryAt } };
}

function inWords(ms: number): string {
  if (ms <= MINUTE_MS / 2) return `${Math.ceil(ms / SECOND_MS)} s`;
  const minutes = Math.ceil(ms / MINUTE_MS);
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

function refusalReason(status: number, body: Body): OpeningReason | null {
  if (status === 401) return 'KEY_REFUSED';
  if (status === 402) return 'BALANCE_EXHAUSTED';
  return status === 403 && isLockedAccount(body) ? 'BALANCE_EXHAUSTED' : null;
}

/**
 * fal's response for a locked account is `{"detail": "User is locked. Reason: ..."}`. Any other 403 is about one request or
 * endpoint, and its text may quote a caller.
 */
function isLockedAccount({ json }: Body): boolean {
  const detail = isJsonObject(json) ? json['detail'] : undefined;
  return typeof detail === 'string' && detail.startsWith('User is locked.');
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function pauseMs(retryAfter: string | null): number {
  const value = retryAfter?.trim() ?? '';
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * SECOND_MS : Date.parse(value) - Date.now();
  return ms > 0 ? Math.min(ms, LONGEST_PAUSE_MS) : 0;
}
