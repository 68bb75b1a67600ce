import { CONTRADICTED, UNTOLD } from './wishes.ts';
import { FAST } from '../support/fast-timing.ts';
import { startSimulator, type RecordedRequest, type Simulator } from '@likeness/fal-simulator';
import type { History } from './history.ts';
import type { Post } from './facts.ts';

export const FAL_KEY = 'test-key-id:test-key-secret-71ab';
export const FAL_ACCOUNT = 'account-of-the-soak';

/** For more than a minute, so that a webhook outlives every restart. */
const WEBHOOK_RETRY_MS = [100, 200, 400, 800, 1500, 3000, ...Array.from({ length: 20 }, () => 4000)];

/** fal's look-alike, which outlives the servers, and what it saw. */
export type WatchedFal = {
  readonly simulator: Simulator;
  /** Every submit so far, with what it decided. */
  readonly posts: () => Post[];
  /** True when no run is open and no webhook is under way. */
  readonly isQuiet: () => boolean;
  /** What went wrong inside it. */
  readonly bugs: readonly string[];
};

export async function watchedFal(history: History): Promise<WatchedFal> {
  const submits: RecordedRequest[] = [];
  const ends = new Map<string, number>();
  const bugs: string[] = [];
  // It forgets old submits, so they are taken over as they come: back to the last one that is known.
  const takeOver = (requests: readonly RecordedRequest[]) => {
    const last = submits.at(-1);
    submits.push(...requests.slice(last === undefined ? 0 : requests.lastIndexOf(last) + 1));
  };
  const simulator = await startSimulator({
    apiKeys: [FAL_KEY],
    accountId: FAL_ACCOUNT,
    images: { ultraLongSide: 128 },
    timing: { ...FAST, webhookRetryMs: WEBHOOK_RETRY_MS },
    log: (event) => {
      if (event.type === 'submitted' || event.type === 'refused') takeOver(simulator.requests());
      if (event.type === 'bug') bugs.push(event.message);
      if (event.type === 'state' && event.status !== undefined) ends.set(event.requestId, event.status);
      if (event.type === 'webhook') {
        const { requestId, label, status } = event;
        history.add({ kind: 'webhook', requestId, label, status });
      }
    },
  });
  return {
    simulator,
    bugs,
    posts: () => submits.map((submit) => postOf(submit, ends.get(submit.requestId ?? ''))),
    isQuiet: () =>
      submits.every(({ requestId }) => requestId === null || ends.has(requestId)) &&
      lastAttempts(simulator).every((result) => result === 'accepted' || result === 'given up'),
  };
}

function lastAttempts(simulator: Simulator): string[] {
  const last = new Map<string, string>();
  for (const { requestId, label, result } of simulator.deliveries())
    last.set(`${requestId} ${label}`, result);
  return [...last.values()];
}

/** @param status of the run's outcome; undefined while it is open */
function postOf({ requestId, body, webhookUrl, scenarios }: RecordedRequest, status?: number): Post {
  const images = (body as { num_images?: number } | null)?.num_images;
  return {
    requestId,
    token: webhookUrl === null ? null : (/[0-9a-f]{32}$/.exec(webhookUrl)?.[0] ?? null),
    key: /\bkey=([\w-]+)/.exec(JSON.stringify(body))?.[1] ?? null,
    units: images ?? 1,
    end: endOf(status, scenarios.includes('no-artefact')),
    isContradicted: scenarios.some((name) => CONTRADICTED.has(name)),
    isTold: !scenarios.some((name) => UNTOLD.has(name)),
  };
}

function endOf(status: number | undefined, isEmpty: boolean): Post['end'] {
  if (status === undefined) return null;
  if (status === 200) return isEmpty ? 'failed' : 'succeeded';
  return status === 499 ? 'cancelled' : 'failed';
}
