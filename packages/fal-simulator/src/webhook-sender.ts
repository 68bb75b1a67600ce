import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatorEvent, Timing } from './options.ts';
import { sendOnce } from './outgoing.ts';
import { createRecent } from './recent.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { WebhookMessage } from './webhook-messages.ts';

/** One delivery attempt. */
export type Delivery = {
  requestId: string;
  label: string;
  url: string;
  attempt: number;
  sentAt: number;
  headers: Record<string, string>;
  body: string;
  /** Null while it is under way, and when no answer came. */
  status: number | null;
  error?: string;
  result: 'under way' | 'accepted' | 'will retry' | 'given up';
};

/** A webhook that the caller composed. */
export type LooseMessage = {
  url: string;
  requestId: string;
  /** A text is sent unchanged, other values as JSON. */
  body: unknown;
  user?: 'own' | 'other';
  signature?: 'genuine' | 'forged';
  timestampShiftSeconds?: number;
};

export type SenderParts = {
  keys: SigningKeys;
  timing: () => Timing;
  accountId: string;
  now: () => number;
  log: (event: SimulatorEvent) => void;
  signal: AbortSignal;
};

const REMEMBERED = { most: 5_000, mostBytes: 16 * 1024 * 1024 };
const OTHER_ACCOUNT = 'another-account-of-fal';

export type WebhookSender = ReturnType<typeof createWebhookSender>;

export function createWebhookSender(parts: SenderParts) {
  const deliveries = createRecent<Delivery>(REMEMBERED);

  function headersFor(requestId: string, message: WebhookMessage): Record<string, string> {
    const timestamp = String(Math.floor(parts.now() / 1000) + message.timestampShiftSeconds);
    const userId = message.user === 'own' ? parts.accountId : OTHER_ACCOUNT;
    const signed = { requestId, userId, timestamp, body: message.body };
    return {
      'content-type': 'application/json',
      'x-fal-webhook-request-id': requestId,
      'x-fal-webhook-user-id': userId,
      'x-fal-webhook-timestamp': timestamp,
      'x-fal-webhook-signature':
        message.signature === 'forged' ? parts.keys.forge(signed) : parts.keys.sign(signed),
    };
  }

  async function attempt(delivery: Delivery, retriesLeft: number): Promise<void> {
    const { webhookFirstTimeoutMs, webhookRetryTimeoutMs } = parts.timing();
    const timeoutMs = delivery.attempt === 1 ? webhookFirstTimeoutMs : webhookRetryTimeoutMs;
    try {
      const { headers, body } = delivery;
      const sent = {
        method: 'POST',
        headers,
        body,
        timeoutMs,
        limit: 1_000_000,
        signal: parts.signal,
      } as const;
      delivery.status = (await sendOnce(delivery.url, sent)).status;
    } catch (error) {
      delivery.error = error instanceof Error ? error.message : String(error);
    }
    delivery.result = verdict(delivery.status, retriesLeft);
    const { requestId, label, status } = delivery;
    const why = delivery.error === undefined ? {} : { error: delivery.error };
    parts.log({ type: 'webhook', requestId, label, attempt: delivery.attempt, status, ...why });
  }

  /**
   * Resolves after the last attempt, or at close; `onFirst` is called after the first. Never rejects.
   */
  async function deliver(
    url: string,
    requestId: string,
    message: WebhookMessage,
    onFirst?: (delivery: Delivery) => void,
  ): Promise<void> {
    const waits = message.insist ? parts.timing().webhookRetryMs : [];
    let headers = headersFor(requestId, message);
    for (let number = 1; ; number += 1) {
      if (number > 1 && !message.signOnce) headers = headersFor(requestId, message);
      const about = { requestId, label: message.label, url, attempt: number, sentAt: parts.now() };
      const delivery: Delivery = { ...about, headers, body: message.body, status: null, result: 'under way' };
      deliveries.add(delivery, delivery.body.length);
      await attempt(delivery, waits.length + 1 - number);
      if (number === 1) onFirst?.(delivery);
      if (delivery.result !== 'will retry' || parts.signal.aborted) return;
      try {
        await sleep(waits[number - 1], undefined, { signal: parts.signal });
      } catch {
        return;
      }
    }
  }

  /** One attempt. Resolves with the receiver's status; null: no answer. */
  async function deliverOnce(loose: LooseMessage): Promise<number | null> {
    const { url, requestId, body } = loose;
    let status: number | null = null;
    const message: WebhookMessage = {
      label: 'by hand',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      user: loose.user ?? 'own',
      signature: loose.signature ?? 'genuine',
      timestampShiftSeconds: loose.timestampShiftSeconds ?? 0,
      insist: false,
      signOnce: false,
    };
    await deliver(url, requestId, message, (delivery) => (status = delivery.status));
    return status;
  }

  return { deliver, deliverOnce, deliveries: (): readonly Delivery[] => deliveries.all };
}

/** A redirect is final at fal: it is not followed and not retried. */
function verdict(status: number | null, retriesLeft: number): Delivery['result'] {
  if (status !== null && status >= 200 && status < 300) return 'accepted';
  const final = status !== null && status >= 300 && status < 400;
  return final || retriesLeft <= 0 ? 'given up' : 'will retry';
}
