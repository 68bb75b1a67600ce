import { setTimeout as sleep } from 'node:timers/promises';
import { has, type Run } from './run.ts';
import { webhookMessages } from './webhook-messages.ts';
import type { WebhookSender } from './webhook-sender.ts';

export type WebhookParts = {
  sender: WebhookSender;
  webhookOnCancel: boolean;
  lateMs: () => number;
  save: (run: Run) => void;
  signal: AbortSignal;
};

/**
 * Sends the webhooks of a completed run. Each one starts after the first attempt of the one before, so the order
 * of a scenario holds even when the receiver refuses and retries go on.
 * @returns a promise of the first attempt of the last message; `settled` when nothing is left to send
 */
export function sendWebhooks(run: Run, parts: WebhookParts): { told: Promise<void>; settled: Promise<void> } {
  const url = run.webhookUrl;
  const messages = url === null ? [] : webhookMessages(run, parts.webhookOnCancel);
  const ends: Promise<void>[] = [];

  async function tell(): Promise<void> {
    if (url === null) return;
    if (has(run, 'late') && messages.length > 0) {
      await sleep(parts.lateMs(), undefined, { signal: parts.signal }).catch(() => undefined);
    }
    for (const message of messages) {
      if (parts.signal.aborted) return;
      await new Promise<void>((first) => {
        ends.push(parts.sender.deliver(url, run.id, message, () => first()));
      });
    }
  }
  const told = tell();
  const settled = told
    .then(() => Promise.all(ends))
    .then(() => {
      // What close() cut short is sent again by the next start.
      if (parts.signal.aborted) return;
      run.webhookSettled = true;
      parts.save(run);
    });
  return { told, settled };
}
