import type { Exchange } from './exchange.ts';
import { statusAnswer } from './queue-answers.ts';
import { parseQueuePath } from './queue-path.ts';
import { detail, json, type Reply } from './replies.ts';
import { has, type Run } from './run.ts';
import { shortened } from './shortened.ts';
import { streamStatus } from './status-stream.ts';
import { submit, type SubmitParts } from './submit.ts';

export type QueueParts = SubmitParts & {
  strictPaths: boolean;
  cancelQueuedWith: 200 | 202;
  signal: AbortSignal;
};

const NOT_FOUND = { status: 'NOT_FOUND' };
const METHODS = { result: 'GET', status: 'GET', stream: 'GET', cancel: 'PUT' } as const;

export async function queueRoute(exchange: Exchange, parts: QueueParts): Promise<Reply> {
  const path = parseQueuePath(exchange.segments);
  if (path.kind === 'unknown')
    return detail(404, `Path /${shortened(exchange.segments.join('/'))} not found`);
  if (path.kind === 'submit') {
    return exchange.method === 'POST'
      ? submit(exchange, path.endpoint, parts)
      : detail(405, 'Method Not Allowed');
  }
  const unauthorized = parts.unauthorized(exchange);
  if (unauthorized) return unauthorized;
  if (parts.strictPaths && path.full) return detail(405, 'Method Not Allowed');
  if (exchange.method !== METHODS[path.what]) return detail(405, 'Method Not Allowed');
  const run = parts.runs.find(path.app, path.id);
  if (!run) return json(404, NOT_FOUND);
  switch (path.what) {
    case 'status':
      return readStatus(run, exchange, parts);
    case 'stream':
      return streamStatus(run, exchange.query.get('logs') === '1', parts);
    case 'result':
      return readResult(run);
    case 'cancel':
      return cancel(run, parts);
  }
}

function readStatus(run: Run, exchange: Exchange, parts: QueueParts): Reply {
  run.statusReads += 1;
  if (has(run, 'status-500')) return detail(500, 'Internal server error');
  if (has(run, 'status-503') && run.statusReads <= 2) return detail(503, 'Service unavailable');
  const logs = exchange.query.get('logs') === '1' ? run.logs : null;
  const { http, body } = statusAnswer(run, { base: parts.base(), now: parts.now(), logs });
  return json(http, body, { 'x-fal-request-id': run.id });
}

function readResult(run: Run): Reply {
  const headers = { 'x-fal-request-id': run.id };
  if (!run.outcome) return detail(400, 'Request is still in progress', headers);
  if (has(run, 'result-gone')) return json(404, NOT_FOUND, headers);
  return json(run.outcome.status, run.outcome.body, { ...headers, ...run.outcome.headers });
}

function cancel(run: Run, parts: QueueParts): Reply {
  if (run.state === 'COMPLETED') return json(400, { status: 'ALREADY_COMPLETED' });
  const removed = run.state === 'IN_QUEUE' && parts.cancelQueuedWith === 200 && !has(run, 'cancel-ignored');
  if (!has(run, 'cancel-ignored')) parts.scheduler.cancel(run.id);
  return removed ? json(200, { status: 'OK' }) : json(202, { status: 'CANCELLATION_REQUESTED' });
}
