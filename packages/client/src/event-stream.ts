import { Deadline } from './deadline.ts';
import { errorFrom, LikenessError } from './errors.ts';
import { detailsOf, resultOf, unlessAborted, type Http, type Posted, type Result } from './http.ts';
import type { Timing } from './timing.ts';
import { rowIn, type Follower, type Transport } from './transport.ts';

/** A browser opens six connections to a host without HTTP/2: two are left for requests. */
const MAX_STREAMS = 4;

/** GraphQL over server-sent events: one request, one stream. It is a POST, so it has headers, unlike EventSource. */
export class EventStreamTransport implements Transport {
  readonly name = 'sse';
  readonly #http: Http;
  readonly #timing: Timing;
  #open = 0;

  constructor(http: Http, timing: Timing) {
    this.#http = http;
    this.#timing = timing;
  }

  async follow(follower: Follower): Promise<void> {
    const { signal } = follower;
    if (this.#open >= MAX_STREAMS) throw new LikenessError('LIMIT_EXCEEDED', 'Too many event streams.');
    this.#open += 1;
    const deadline = new Deadline(signal);
    try {
      deadline.within(this.#timing.connectMs);
      const posted = await this.#http.post(follower.subscription, 'text/event-stream', deadline.signal);
      await this.#read(posted, follower, deadline);
    } catch (error) {
      if (signal.aborted) return;
      if (deadline.hasPassed) throw new LikenessError('NETWORK_ERROR', 'The event stream is silent.');
      throw error;
    } finally {
      deadline.end();
      this.#open -= 1;
    }
  }

  async #read({ response, noted }: Posted, { onOpen, onRow }: Follower, deadline: Deadline): Promise<void> {
    const type = response.headers.get('content-type') ?? '';
    if (!type.startsWith('text/event-stream') || response.body === null) {
      const { errors = [] } = await resultOf(response, deadline.signal);
      throw noted(errorFrom(errors, detailsOf(response)));
    }
    const parser = new EventParser();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch(unlessAborted(deadline.signal));
        if (done) throw new LikenessError('NETWORK_ERROR', 'The event stream broke off.');
        deadline.within(this.#timing.silenceMs);
        if (response.ok) onOpen();
        for (const { name, data } of parser.push(decoder.decode(value, { stream: true }))) {
          if (name === 'complete') return;
          if (name !== 'next') continue;
          const result = JSON.parse(data) as Result<unknown>;
          if (result.errors !== undefined) throw noted(errorFrom(result.errors, detailsOf(response)));
          onRow(rowIn(result.data));
        }
      }
    } finally {
      // Without it an unread body would keep its connection.
      reader.cancel().catch(() => undefined);
    }
  }
}

export type StreamEvent = { readonly name: string; readonly data: string };

/** Splits the text of an event stream, however it is cut, into its events. */
export class EventParser {
  #rest = '';
  #name = '';
  #data: string[] = [];

  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    // A trailing CR may be half of a line's end.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line !== '') this.#take(line);
      else if (this.#name !== '' || this.#data.length > 0) {
        events.push({ name: this.#name === '' ? 'message' : this.#name, data: this.#data.join('\n') });
        this.#name = '';
        this.#data = [];
      }
    }
    return events;
  }

  /** Other fields, and comments, which keep the connection open, mean nothing to us. */
  #take(line: string): void {
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
  }
}
