import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { withTimeout } from '../async/with-timeout.ts';
import type { SubmitDeps } from '../jobs/submit.ts';
import type { WebhookOutcome } from './fal-webhook.ts';

const LOOKUP_MS = 1000;

export type Metrics = {
  readonly registry: Registry;
  readonly jobs: SubmitDeps['metrics'];
  readonly countWebhook: (outcome: WebhookOutcome) => void;
};

/** What is read when the metrics are. */
export type Readings = {
  /** How many subscriptions listen. */
  readonly listeners: () => number;
  /** Whether submits are held back because fal refuses our key or account. Throws when the database does not answer. */
  readonly isBreakerOpen: () => Promise<boolean>;
  /** How far fal's clock is ahead of ours, in seconds. */
  readonly clockSkewSeconds: () => number;
};

export function createMetrics({ listeners, isBreakerOpen, clockSkewSeconds }: Readings): Metrics {
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
  const stopped: Gauge = new Gauge({
    name: 'likeness_submits_stopped',
    help: '1 while the circuit breaker holds submits back because fal refused the key or account; NaN: unknown',
    registers: [registry],
    collect: async (): Promise<void> => {
      // Metrics are wanted most when the database is slow.
      stopped.set(Number(await withTimeout(isBreakerOpen(), LOOKUP_MS).catch(() => Number.NaN)));
    },
  });
  const skew: Gauge = new Gauge({
    name: 'likeness_fal_clock_skew_seconds',
    help: "Seconds by which fal's clock is ahead of this machine's, from the last response",
    registers: [registry],
    collect: (): void => skew.set(clockSkewSeconds()),
  });
  const listening: Gauge = new Gauge({
    name: 'likeness_subscription_listeners',
    help: 'Open subscriptions waiting for notifications',
    registers: [registry],
    collect: (): void => listening.set(listeners()),
  });
  return {
    registry,
    countWebhook: (outcome) => webhooks.inc({ outcome }),
    jobs: {
      runEnded: ({ kind, state, errorCode }) => ended.inc({ kind, state, code: errorCode ?? 'none' }),
      submitted: (outcome) => submits.inc({ outcome }),
    },
  };
}
