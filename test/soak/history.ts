/** What a client asks of the service. `key` is the call's idempotency key. */
export type Operation =
  | { readonly kind: 'create' }
  | { readonly kind: 'train'; readonly avatarId: string; readonly key: string }
  | { readonly kind: 'generate'; readonly avatarId: string; readonly key: string }
  | { readonly kind: 'cancel'; readonly avatarId: string }
  | { readonly kind: 'delete'; readonly avatarId: string }
  | { readonly kind: 'read'; readonly id: string };

/** An avatar or a generation as somebody saw it. */
export type ObservedRow = {
  readonly id: string;
  readonly version: number;
  readonly status: string;
  /** Of avatars only. */
  readonly requestId: string | null;
  readonly errorCode: string | null;
  /** Equal for rows that are equal in everything that was asked for. */
  readonly digest: string;
};

/**
 * One thing that happened. A history is a list of them in the order in which they were seen: what stands before an
 * `invoke` had happened when the call went out.
 */
export type Entry =
  | {
      readonly kind: 'invoke';
      readonly call: number;
      readonly tenant: string;
      readonly operation: Operation;
    }
  /** `row` is what the answer showed: null where it said that there is nothing; undefined where it shows no row. */
  | {
      readonly kind: 'ok';
      readonly call: number;
      readonly row?: ObservedRow | null | undefined;
      readonly ids: readonly string[];
    }
  /** Refused: the service says that nothing has changed. */
  | { readonly kind: 'fail'; readonly call: number; readonly code: string; readonly ids: readonly string[] }
  /** Nobody knows whether it took effect: no answer, or one that says that something broke. */
  | { readonly kind: 'info'; readonly call: number; readonly why: string }
  /** A subscriber opened a stream. `about` null: all avatars of the tenant. */
  | {
      readonly kind: 'opened';
      readonly stream: number;
      readonly subscriber: string;
      readonly tenant: string;
      readonly about: string | null;
      readonly afterVersion: number | null;
    }
  | {
      readonly kind: 'frame';
      readonly stream: number;
      readonly row: ObservedRow;
      readonly ids: readonly string[];
    }
  /** `complete`: the server said that nothing more will come. `lost`: anything else; the subscriber comes again. */
  | { readonly kind: 'closed'; readonly stream: number; readonly how: 'complete' | 'lost' }
  /** the simulator tried to deliver a webhook; `status` null: it got no answer. */
  | {
      readonly kind: 'webhook';
      readonly requestId: string;
      readonly label: string;
      readonly status: number | null;
    }
  /** What was done to the servers and what is around them. */
  | { readonly kind: 'fault'; readonly what: string };

/** Every id that a text names: of avatars, generations and jobs, and request ids. */
export function idsIn(text: string): string[] {
  return [...new Set(text.match(ID) ?? [])];
}

const ID =
  /\b(?:avt|gen|job)_[0-9a-f]{32}\b|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;

/** Takes down what happens, as it happens. */
export class History {
  readonly entries: Entry[] = [];
  /** How many calls were acknowledged so far. */
  acknowledged = 0;
  #calls = 0;
  #streams = 0;

  /** Returns the number of the call, for its end. */
  invoke(tenant: string, operation: Operation): number {
    this.#calls += 1;
    this.entries.push({ kind: 'invoke', call: this.#calls, tenant, operation });
    return this.#calls;
  }

  /** Returns the number of the stream, for its frames. */
  open(stream: Omit<Extract<Entry, { kind: 'opened' }>, 'kind' | 'stream'>): number {
    this.#streams += 1;
    this.entries.push({ kind: 'opened', stream: this.#streams, ...stream });
    return this.#streams;
  }

  add(entry: Exclude<Entry, { kind: 'invoke' | 'opened' }>): void {
    this.entries.push(entry);
    if (entry.kind === 'ok') this.acknowledged += 1;
  }
}
