import { createServer } from 'node:http';
import { listenOnLoopback } from '../../../../test/support/loopback.ts';

export type Received = {
  path: string;
  headers: Record<string, string>;
  body: string;
  json: Record<string, unknown>;
};
type Answer = number | { status: number; headers: Record<string, string> } | 'never';

/**
 * A webhook receiver over real HTTP.
 * @param answers what to answer to each delivery in turn; 200 after the last one
 */
export async function startReceiver(...answers: Answer[]) {
  const received: Received[] = [];
  let wake: () => void = () => undefined;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      received.push({
        path: request.url ?? '',
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        ),
        body,
        json: parse(body),
      });
      const answer = answers.shift() ?? 200;
      if (answer !== 'never') {
        if (typeof answer === 'number') response.writeHead(answer);
        else response.writeHead(answer.status, answer.headers);
        response.end();
      }
      wake();
    });
  });
  const url = `${await listenOnLoopback(server)}/hook`;
  return {
    url,
    received,
    /** Resolves once `count` deliveries have come. */
    async count(count: number): Promise<Received[]> {
      while (received.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return received;
    },
    async close(): Promise<void> {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

function parse(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}
