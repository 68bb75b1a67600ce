import { sendWebhooks, type WebhookParts } from './send-webhooks.ts';
import type { Run } from './run.ts';
import { executeRun, type StopReason, type WorkerParts } from './execute-run.ts';

export type SchedulerParts = WorkerParts & { webhooks: WebhookParts };
export type Scheduler = ReturnType<typeof createScheduler>;

/** Starts and cancels runs, and waits for all of them at close. */
export function createScheduler(parts: SchedulerParts) {
  const stops = new Map<string, AbortController>();
  const ends = new Set<Promise<void>>();

  /** Resolves when the last webhook had its first attempt, or at once when the run never completes. */
  function start(run: Run, immediate = false): Promise<void> {
    const stop = new AbortController();
    stops.set(run.id, stop);
    const attempted = (async () => {
      if (run.state !== 'COMPLETED') await executeRun(run, parts, stop.signal, immediate);
      stops.delete(run.id);
      if (run.state !== 'COMPLETED') return;
      const webhooks = sendWebhooks(run, parts.webhooks);
      keep(webhooks.settled);
      await webhooks.attempted;
    })();
    keep(attempted);
    return attempted.catch(() => undefined);
  }

  function keep(work: Promise<void>): void {
    const end = work.catch(parts.onBug).finally(() => ends.delete(end));
    ends.add(end);
  }

  return {
    start,
    /** No effect on a completed run. */
    cancel: (id: string) => stops.get(id)?.abort('cancelled' satisfies StopReason),
    async close(): Promise<void> {
      for (const stop of stops.values()) stop.abort('closing' satisfies StopReason);
      while (ends.size > 0) await Promise.all(ends);
    },
  };
}
