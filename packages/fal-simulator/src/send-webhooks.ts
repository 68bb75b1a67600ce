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
 * Sends the webhooks of a completed run, each after the first attempt of the one before: a scenario keeps its order
 * while retries continue.
 * @returns `attempted`: the last message had its first attempt; `settled`: every delivery ended
 */
export function sendWebhooks(
  run: Run,
  parts: WebhookParts,
): { attempted: Promise<void>; settled: Promise<void> } {
  const url = run.webhookUrl;
  const messages = url === null ? [] : webhookMessages(run, parts.webhookOnCancel);
  const ends: Promise<void>[] = [];

  async function attemptAll(): Promise<void> {
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
  const attempted = attemptAll();
  const settled = attempted
    .then(() => Promise.all(ends))
    .then(() => {
      // The next start sends what close() interrupted.
      if (parts.signal.aborted) return;
      run.webhookSettled = true;
      parts.save(run);
    });
  return { attempted, settled };
}
