import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { forwarded } from './forward.ts';
import { setTimeout as pause } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';

export type SeenRequest = {
  readonly method: string;
  readonly path: string;
  /** When it came in: milliseconds of performance.now(). */
  readonly at: number;
};

/** Answers that wait at the gate. Those whose asker has gone are counted no more. */
export type Held = { readonly count: () => number; readonly release: () => void };

/** Stands in front of fal's queue and keeps a list of what was asked. Requests pass; their answers can be held. */
export type AnswerGate = {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
  /** Holds back the answers to the next `times` requests that fit. fal has got the request, and has answered. */
  hold(fits: (request: SeenRequest) => boolean, times?: number): Held;
  /** From now on every answer takes this much longer. */
  slowDown(byMs: number): void;
  close(): Promise<void>;
};

type Rule = { left: number; isOpen: boolean; waiting: Set<() => void>; fits: (seen: SeenRequest) => boolean };

/** @param target base URL of what stands behind it */
export async function startAnswerGate(target: string): Promise<AnswerGate> {
  const requests: SeenRequest[] = [];
  const rules: Rule[] = [];
  let slowness = 0;

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url: path = '/' } = request;
    const seen = { method, path, at: performance.now() };
    requests.push(seen);
    const rule = rules.find(({ left, isOpen, fits }) => left > 0 && !isOpen && fits(seen));
    if (rule !== undefined) rule.left -= 1;
    const answer = await forwarded(target, request);
    const body = Buffer.from(await answer.arrayBuffer());
    await pause(slowness);
    if (rule !== undefined && !rule.isOpen) {
      await new Promise<void>((resolve) => {
        rule.waiting.add(resolve);
        response.once('close', () => rule.waiting.delete(resolve));
      });
    }
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'text/plain',
    });
    response.end(body);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    hold(fits, times = Infinity) {
      const rule: Rule = { left: times, isOpen: false, waiting: new Set(), fits };
      rules.push(rule);
      return {
        count: () => rule.waiting.size,
        release: () => {
          rule.isOpen = true;
          for (const go of rule.waiting) go();
          rule.waiting.clear();
        },
      };
    },
    slowDown: (byMs) => (slowness = byMs),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
