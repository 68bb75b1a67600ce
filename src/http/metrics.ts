import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { WebhookOutcome } from './fal-webhook.ts';

export type Metrics = {
  readonly registry: Registry;
  readonly countWebhook: (outcome: WebhookOutcome) => void;
};

/** @param listeners how many subscriptions listen at the moment */
export function createMetrics(listeners: () => number): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const webhooks = new Counter({
    name: 'likeness_webhooks_total',
    help: 'Webhook deliveries by what became of them',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const listening: Gauge = new Gauge({
    name: 'likeness_subscription_listeners',
    help: 'Subscriptions that wait for news',
    registers: [registry],
    collect: (): void => listening.set(listeners()),
  });
  return { registry, countWebhook: (outcome) => webhooks.inc({ outcome }) };
}
