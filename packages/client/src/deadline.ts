/** A signal that is aborted with its parent, or after a time. End it: a timer would keep Node running. */
export class Deadline {
  /** Whether the time is over, not the parent. */
  hasPassed = false;
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly abort = (): void => this.#controller.abort(this.#parent?.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(parent: AbortSignal | undefined) {
    this.#parent = parent;
    if (parent?.aborted === true) this.abort();
    else parent?.addEventListener('abort', this.abort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the time again. */
  within(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.hasPassed = true;
      this.#controller.abort();
    }, ms);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#parent?.removeEventListener('abort', this.abort);
  }
}
