import type { Timing } from './timing.ts';
import type { Transport } from './transport.ts';

type Suspension = { readonly until: number; readonly forMs: number };

/** The transports of a client, best first, and what it has learned about them. The last one is always there. */
export class Transports {
  readonly #all: readonly Transport[];
  readonly #timing: Timing;
  readonly #suspended = new Map<Transport, Suspension>();

  constructor(all: readonly Transport[], timing: Timing) {
    this.#all = all;
    this.#timing = timing;
  }

  /** The best transport but these; null: there is none left. */
  best(except: ReadonlyMap<Transport, unknown>): Transport | null {
    return this.#all.find((transport) => !except.has(transport) && !this.#isSuspended(transport)) ?? null;
  }

  /** Whether nothing is left to try after it. */
  isLast(transport: Transport): boolean {
    return transport === this.#all.at(-1);
  }

  /** It failed while a lesser one works, so the server is there: something between does not let it pass. */
  suspend(transport: Transport): void {
    if (this.#isSuspended(transport)) return;
    const { retryTransportMs, maxRetryTransportMs } = this.#timing;
    const before = this.#suspended.get(transport)?.forMs;
    const forMs = before === undefined ? retryTransportMs : Math.min(2 * before, maxRetryTransportMs);
    this.#suspended.set(transport, { until: Date.now() + forMs, forMs });
  }

  /** It works. */
  restore(transport: Transport): void {
    this.#suspended.delete(transport);
  }

  /** Milliseconds until a better transport may be tried; null if this is the best. */
  betterAfter(transport: Transport): number | null {
    const better = this.#all.slice(0, this.#all.indexOf(transport));
    if (better.length === 0) return null;
    const times = better.map((each) => this.#suspended.get(each)?.until ?? 0);
    return Math.max(Math.min(...times) - Date.now(), this.#timing.retryTransportMs);
  }

  #isSuspended(transport: Transport): boolean {
    return (this.#suspended.get(transport)?.until ?? 0) > Date.now();
  }
}
