import { expiryOf } from './token.ts';

/** Why there is no usable token. */
export type SignedOut = 'never' | 'expired' | 'refused' | 'foreign';

export type SessionState =
  { readonly kind: 'open' } | { readonly kind: 'signed-out'; readonly why: SignedOut };

export type SessionOptions = {
  readonly needsToken: boolean;
  /** Of this tab only. */
  readonly storage: Storage;
  /** Why the page begins without a token. */
  readonly why?: SignedOut;
};

const KEY = 'likeness.token';
const OPEN: SessionState = { kind: 'open' };

/** The token of this tab. Without one, calls wait for the next sign-in, so that nothing on the page is lost. */
export class Session {
  readonly needsToken: boolean;
  readonly #storage: Storage;
  readonly #listeners = new Set<() => void>();
  #state: SessionState;
  #waiting: ((token: string) => void)[] = [];

  constructor({ needsToken, storage, why = 'never' }: SessionOptions) {
    this.needsToken = needsToken;
    this.#storage = storage;
    const hasToken = storage.getItem(KEY) !== null;
    this.#state = !needsToken || hasToken ? OPEN : { kind: 'signed-out', why };
  }

  readonly state = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The token, as soon as there is one that has not expired. */
  readonly token = (): Promise<string> => {
    const token = this.#storage.getItem(KEY);
    if (token !== null && this.#state.kind === 'open') {
      if ((expiryOf(token) ?? Infinity) > Date.now()) return Promise.resolve(token);
      this.#end('expired');
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  };

  signIn(token: string): void {
    this.#storage.setItem(KEY, token);
    this.#set(OPEN);
    for (const resolve of this.#waiting.splice(0)) resolve(token);
  }

  /** The server refused the current token. */
  refuse(): void {
    if (this.#state.kind === 'signed-out') return;
    const expiry = expiryOf(this.#storage.getItem(KEY) ?? '');
    this.#end(expiry !== null && expiry <= Date.now() + CLOCK_SKEW_MS ? 'expired' : 'refused');
  }

  signOut(): void {
    this.#storage.removeItem(KEY);
  }

  #end(why: SignedOut): void {
    this.#storage.removeItem(KEY);
    this.#set({ kind: 'signed-out', why });
  }

  #set(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}

const CLOCK_SKEW_MS = 60_000;
