import { Deadline } from './deadline.ts';
import { LikenessError } from './errors.ts';
import type { Http, Operation } from './http.ts';
import { pause, type Timing } from './timing.ts';
import { rowIn, type Follower, type Transport } from './transport.ts';

/** Works wherever queries work. */
export class PollingTransport implements Transport {
  readonly name = 'polling';
  readonly #http: Http;
  readonly #timing: Timing;

  constructor(http: Http, timing: Timing) {
    this.#http = http;
    this.#timing = timing;
  }

  async follow({ query, onOpen, onRow, signal }: Follower): Promise<void> {
    if (query === null) throw new TypeError('There is nothing to poll.');
    for (;;) {
      const row = await this.read(query, signal);
      if (signal.aborted) return;
      onOpen();
      if (row === null) throw new LikenessError('NOT_FOUND', 'Not found.');
      onRow(row);
      await pause(this.#timing.pollMs * (0.8 + 0.4 * Math.random()), signal);
    }
  }

  /** The present row; null: it does not exist. */
  async read(query: Operation, signal: AbortSignal): Promise<unknown> {
    const deadline = new Deadline(signal);
    deadline.within(this.#timing.answerMs);
    try {
      return rowIn(await this.#http.ask(query, deadline.signal));
    } catch (error) {
      if (signal.aborted) return null;
      if (deadline.hasPassed) throw new LikenessError('NETWORK_ERROR', 'The server does not answer.');
      throw error;
    } finally {
      deadline.end();
    }
  }
}
