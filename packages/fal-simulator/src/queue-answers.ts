import { appOf, type LogLine, type Run } from './run.ts';

/** Simulated runs ahead of a new one. */
const AHEAD_AT_FIRST = 3;

export function queuePosition(run: Run, now: number): number {
  if (run.queueMs <= 0) return 0;
  const left = Math.max(0, run.queuedAt + run.queueMs - now) / run.queueMs;
  return Math.min(AHEAD_AT_FIRST - 1, Math.floor(left * AHEAD_AT_FIRST));
}

function urlsOf(run: Run, base: string) {
  const response = `${base}/${appOf(run.endpoint)}/requests/${run.id}`;
  return {
    request_id: run.id,
    response_url: response,
    status_url: `${response}/status`,
    cancel_url: `${response}/cancel`,
  };
}

export function submitAnswer(run: Run, base: string, now: number) {
  return {
    status: 'IN_QUEUE',
    ...urlsOf(run, base),
    queue_position: queuePosition({ ...run, queuedAt: now }, now),
  };
}

/** @param logs null: without logs */
export function statusAnswer(
  run: Run,
  { base, now, logs }: { base: string; now: number; logs: LogLine[] | null },
) {
  const urls = urlsOf(run, base);
  switch (run.state) {
    case 'IN_QUEUE':
      return { http: 202, body: { status: run.state, ...urls, queue_position: queuePosition(run, now) } };
    case 'IN_PROGRESS':
      return { http: 202, body: { status: run.state, ...urls, logs, metrics: {} } };
    case 'COMPLETED': {
      const seconds = run.startedAt === null ? 0 : ((run.completedAt ?? now) - run.startedAt) / 1000;
      const error = run.outcome?.error;
      const failure = error ? { error: error.text, error_type: error.type } : {};
      const metrics = { inference_time: seconds };
      return { http: 200, body: { status: run.state, ...urls, logs, metrics, ...failure } };
    }
  }
}
