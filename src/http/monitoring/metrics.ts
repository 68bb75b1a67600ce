import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { withTimeout } from '../../async/with-timeout.ts';
import type { CopyFilesDeps } from '../../jobs/files/copy-files.ts';
import type { SubmitDeps } from '../../jobs/submit.ts';
import type { WebhookOutcome } from '../fal-webhook.ts';

const LOOKUP_MS = 1000;

type Metrics = {
  readonly registry: Registry;
  readonly useCases: SubmitDeps['metrics'] & CopyFilesDeps['metrics'];
  readonly countWebhook: (outcome: WebhookOutcome) => void;
  readonly countRequest: CountRequest;
};

/** Counts a request whose response was sent. An event stream counts when it ends. */
export type CountRequest = (request: {
  readonly route: 'graphql' | 'webhook' | 'photo' | 'file' | 'other';
  readonly status: number;
  readonly seconds: number;
}) => void;

/** In seconds: from a plain read to a call that waits for an image. */
const DURATIONS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Read at each scrape. */
export type Readings = {
  readonly listeners: () => number;
  /** Whether submits are held back because fal refuses our key or account. Throws when the database does not answer. */
  readonly isBreakerOpen: () => Promise<boolean>;
  readonly clockSkewSeconds: () => number;
  /** Throws when the database does not answer. */
  readonly fileBacklog: () => Promise<{ readonly waiting: number; readonly lagSeconds: number }>;
};

export function createMetrics({
  listeners,
  isBreakerOpen,
  clockSkewSeconds,
  fileBacklog,
}: Readings): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const webhooks = new Counter({
    name: 'likeness_webhooks_total',
    help: 'Webhook deliveries by outcome',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const ended = new Counter({
    name: 'likeness_runs_ended_total',
    help: 'Ended trainings and generations by final state; code is the error code, or none',
    labelNames: ['kind', 'state', 'code'],
    registers: [registry],
  });
  const submits = new Counter({
    name: 'likeness_submits_total',
    help: 'Submits by outcome: accepted, refused (no run was started) or unknown',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const copied = new Counter({
    name: 'likeness_file_copies_total',
    help: 'Attempts to copy a file of a run from fal by outcome: stored, retried (later) or failed (for good)',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const requests = new Counter({
    name: 'likeness_http_requests_total',
    help: 'HTTP requests by route (graphql, webhook, photo, file or other) and status of the response',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  const durations = new Histogram({
    name: 'likeness_http_request_duration_seconds',
    help: 'Time from the headers of an HTTP request to the end of its response',
    labelNames: ['route'],
    buckets: DURATIONS,
    registers: [registry],
  });
  const gauge = (name: string, help: string, read: () => number | Promise<number>) => {
    const metric: Gauge = new Gauge({
      name,
      help,
      registers: [registry],
      collect: async () => metric.set(await read()),
    });
  };
  gauge(
    'likeness_submits_stopped',
    '1 while the circuit breaker holds submits back because fal refused the key or account; NaN: unknown',
    // Metrics must be readable while the database is slow.
    async () => Number(await withTimeout(isBreakerOpen(), LOOKUP_MS).catch(() => Number.NaN)),
  );
  let backlogRead: Promise<Awaited<ReturnType<typeof fileBacklog>> | null> | null = null;
  // A scrape begins to collect all gauges before the first read ends, so that one read is enough.
  const readBacklog = () =>
    (backlogRead ??= withTimeout(fileBacklog(), LOOKUP_MS)
      .catch(() => null)
      .finally(() => (backlogRead = null)));
  const backlog = (name: 'waiting' | 'lagSeconds') => async () => (await readBacklog())?.[name] ?? Number.NaN;
  gauge('likeness_files_waiting', 'Files of runs that are not copied yet; NaN: unknown', backlog('waiting'));
  gauge(
    'likeness_file_lag_seconds',
    'Seconds that the oldest of these files waits; NaN: unknown',
    backlog('lagSeconds'),
  );
  gauge(
    'likeness_fal_clock_skew_seconds',
    "Seconds by which fal's clock is ahead of this machine's, from the last response",
    clockSkewSeconds,
  );
  gauge('likeness_subscription_listeners', 'Open subscriptions waiting for notifications', listeners);
  return {
    registry,
    countWebhook: (outcome) => webhooks.inc({ outcome }),
    countRequest: ({ route, status, seconds }) => {
      requests.inc({ route, status });
      durations.observe({ route }, seconds);
    },
    useCases: {
      runEnded: ({ kind, state, errorCode }) => ended.inc({ kind, state, code: errorCode ?? 'none' }),
      submitted: (outcome) => submits.inc({ outcome }),
      fileCopied: (outcome) => copied.inc({ outcome }),
    },
  };
}
