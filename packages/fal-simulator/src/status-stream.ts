import type { ServerResponse } from 'node:http';
import type { Timing } from './options.ts';
import { statusAnswer } from './queue-answers.ts';
import type { Reply } from './replies.ts';
import type { RunStore } from './run-store.ts';
import type { Run } from './run.ts';

export type StreamParts = {
  runs: RunStore;
  base: () => string;
  now: () => number;
  timing: () => Timing;
  signal: AbortSignal;
};

/** Server-sent events: the current status, then every change with its new log lines, until COMPLETED. */
export function streamStatus(run: Run, withLogs: boolean, parts: StreamParts): Reply {
  return { kind: 'live', serve: (response) => serve(response, run, withLogs, parts) };
}

function serve(response: ServerResponse, run: Run, withLogs: boolean, parts: StreamParts): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'x-fal-request-id': run.id,
  });
  let shown = 0;
  const show = () => {
    const logs = withLogs ? run.logs.slice(shown) : null;
    shown = run.logs.length;
    const { body } = statusAnswer(run, { base: parts.base(), now: parts.now(), logs });
    response.write(`data: ${JSON.stringify(body)}\n\n`);
    if (run.state === 'COMPLETED') end();
  };
  const unwatch = parts.runs.watch(run.id, show);
  const pings = setInterval(() => response.write(': ping\n\n'), parts.timing().pingMs);
  const end = () => {
    unwatch();
    clearInterval(pings);
    response.end();
  };
  response.on('close', end);
  show();
}
