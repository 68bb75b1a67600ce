import { Condition } from './condition.ts';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { listenOnLoopback } from './loopback.ts';

export type ProxiedRequest = {
  readonly method: string;
  readonly path: string;
  /** Arrival, in milliseconds of performance.now(). */
  readonly at: number;
};

type Matches = (request: ProxiedRequest) => boolean;

/** To fal's queue. */
export const isSubmit: Matches = ({ method }) => method === 'POST';

/** An HTTP proxy, mostly in front of fal's queue. It records requests, and can hold requests or answers back. */
export type FaultProxy = {
  readonly url: string;
  readonly requests: readonly ProxiedRequest[];
  /** Holds the next `times` matching requests; the target does not get them. */
  holdRequests(matches?: Matches, times?: number): Hold;
  /** Holds the answers to the next `times` matching requests; the target has got and answered them. */
  holdAnswers(matches?: Matches, times?: number): Hold;
  /** Delays every answer by this much. */
  slowDown(byMs: number): void;
  /** Safe to call again. */
  close(): Promise<void>;
};

/** @param target base URL */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const requests: ProxiedRequest[] = [];
  const holds: { readonly of: 'request' | 'answer'; readonly hold: Hold }[] = [];
  let delayMs = 0;

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url: path = '/' } = incoming;
    const request = { method, path, at: performance.now() };
    requests.push(request);
    const held = holds.find(({ hold }) => hold.takes(request));
    if (held?.of === 'request' && !(await held.hold.wait(response))) return;
    const answer = await forward(target, incoming);
    const body = Buffer.from(await answer.arrayBuffer());
    await pause(delayMs);
    if (held?.of === 'answer' && !(await held.hold.wait(response))) return;
    const retryAfter = answer.headers.get('retry-after');
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'text/plain',
      ...(retryAfter === null ? {} : { 'retry-after': retryAfter }),
    });
    response.end(body);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  const url = await listenOnLoopback(server);

  const add = (of: 'request' | 'answer', matches: Matches = () => true, times = Infinity): Hold => {
    const hold = new Hold(matches, times);
    holds.push({ of, hold });
    return hold;
  };
  return {
    url,
    requests,
    holdRequests: (matches, times) => add('request', matches, times),
    holdAnswers: (matches, times) => add('answer', matches, times),
    slowDown: (byMs) => (delayMs = byMs),
    async close() {
      for (const { hold } of holds) hold.release();
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Exchanges that wait at the proxy. One whose client has gone is dropped. */
export class Hold {
  readonly #matches: Matches;
  #left: number;
  #isReleased = false;
  readonly #waiting = new Set<(passes: boolean) => void>();
  readonly #change = new Condition();

  constructor(matches: Matches, times: number) {
    this.#matches = matches;
    this.#left = times;
  }

  /** How many wait. */
  get count(): number {
    return this.#waiting.size;
  }

  /** Resolves when so many wait. */
  async reached(count: number): Promise<void> {
    await this.#change.until(
      () => (this.count >= count ? true : null),
      () => this.#isReleased,
      (why) => `${this.count} exchanges wait at the proxy, ${count} were waited for (${why})`,
    );
  }

  /** Lets those that wait pass, and all later ones. */
  release(): void {
    this.#isReleased = true;
    for (const pass of [...this.#waiting]) pass(true);
  }

  takes(request: ProxiedRequest): boolean {
    if (this.#isReleased || this.#left === 0 || !this.#matches(request)) return false;
    this.#left -= 1;
    return true;
  }

  /** Resolves with false when the client has gone. */
  wait(response: ServerResponse): Promise<boolean> {
    if (this.#isReleased || response.destroyed) return Promise.resolve(!response.destroyed);
    return new Promise((resolve) => {
      const settle = (passes: boolean) => {
        this.#waiting.delete(settle);
        resolve(passes);
      };
      this.#waiting.add(settle);
      this.#change.changed();
      response.once('close', () => settle(false));
    });
  }
}

async function forward(target: string, request: IncomingMessage): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { authorization = '', 'content-type': type = 'application/json' } = request.headers;
  return fetch(new URL(request.url ?? '/', target), {
    method: request.method ?? 'GET',
    headers: { authorization, 'content-type': type },
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  });
}
