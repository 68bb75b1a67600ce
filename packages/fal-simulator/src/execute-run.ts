import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ENDPOINTS } from './endpoints.ts';
import { prepareGeneration } from './generate.ts';
import { CANCELLED, requestError } from './outcomes.ts';
import { progressLine } from './progress-lines.ts';
import type { RunStore } from './run-store.ts';
import { has, type Outcome, type Run } from './run.ts';
import { prepareTraining } from './train.ts';
import type { Prepared, Work, RunDeps } from './work.ts';

export type WorkerParts = {
  deps: RunDeps;
  runs: RunStore;
  onState: (run: Run) => void;
  onBug: (error: unknown) => void;
};

/** `closing` leaves the run for the next start. */
export type StopReason = 'cancelled' | 'closing';

/**
 * Takes a run from its state to COMPLETED. Resolves without that when the simulator closes or the run is stuck.
 * `immediate` runs do not wait.
 */
export async function executeRun(
  run: Run,
  parts: WorkerParts,
  stop: AbortSignal,
  immediate = false,
): Promise<void> {
  try {
    complete(run, parts, await outcomeOf(run, parts, stop, immediate));
  } catch (error) {
    const reason = stop.aborted ? (stop.reason as StopReason) : null;
    if (reason === 'closing') return;
    if (reason === null) {
      parts.onBug(error);
      complete(run, parts, requestError(500, 'internal_error', 'Internal server error'));
      return;
    }
    run.cancelled = true;
    await sleep(run.state === 'IN_PROGRESS' ? parts.deps.timing().cancelMs : 0);
    if (!parts.deps.signal.aborted) complete(run, parts, CANCELLED);
  }
}

async function outcomeOf(
  run: Run,
  parts: WorkerParts,
  stop: AbortSignal,
  immediate: boolean,
): Promise<Outcome> {
  const { deps, runs } = parts;
  const wait = async (ms: number) => {
    stop.throwIfAborted();
    if (!immediate && ms > 0) await sleep(ms, undefined, { signal: stop });
  };
  const enter = (state: 'IN_QUEUE' | 'IN_PROGRESS') => {
    run.state = state;
    if (state === 'IN_QUEUE') run.queuedAt = deps.now();
    else run.startedAt = deps.now();
    runs.save(run);
    parts.onState(run);
  };

  const startTimeoutMs = run.startTimeoutMs ?? Infinity;
  // After a restart a run may be running already.
  const queued = run.state === 'IN_QUEUE';
  if (queued && has(run, 'stuck-in-queue')) await waitForever(stop, startTimeoutMs);
  else if (queued) await wait(Math.min(run.queueMs, startTimeoutMs));
  if (queued && (has(run, 'stuck-in-queue') || startTimeoutMs < run.queueMs)) {
    return requestError(504, 'request_timeout', 'Request did not start within the requested time');
  }
  enter('IN_PROGRESS');
  if (has(run, 'requeue')) {
    await wait(deps.timing().queueMs);
    run.gatewayId = randomUUID();
    enter('IN_QUEUE');
    await wait(run.queueMs);
    enter('IN_PROGRESS');
  }
  const prepared = await prepare(run, deps);
  if (prepared.kind === 'refused') return prepared.outcome;
  const started = deps.now();
  for (const line of prepared.intro) runs.log(run, line, deps.now());
  await showProgress(prepared, { slower: has(run, 'slow') ? deps.timing().slowFactor : 1, wait }, (done) =>
    runs.log(run, progressLine(done, prepared.total, deps.now() - started), deps.now()),
  );
  const outcome = await prepared.finish();
  stop.throwIfAborted();
  return outcome;

  async function showProgress(
    work: Work,
    pace: { slower: number; wait: (ms: number) => Promise<void> },
    show: (done: number) => void,
  ): Promise<void> {
    const lines = Math.max(1, Math.min(deps.timing().progressSteps, work.total));
    for (let line = 1; line <= lines; line += 1) {
      if (line > lines / 2 && has(run, 'stuck')) await waitForever(stop);
      await pace.wait((work.durationMs * pace.slower) / lines);
      show(Math.round((work.total * line) / lines));
    }
  }
}

async function prepare(run: Run, deps: RunDeps): Promise<Prepared> {
  const endpoint = ENDPOINTS.get(run.endpoint);
  switch (endpoint?.kind) {
    case 'trainer':
      return prepareTraining(run, endpoint, deps);
    case 'generator':
      return prepareGeneration(run, endpoint, deps);
    case undefined:
      // A stored run of an older version.
      return { kind: 'refused', outcome: requestError(500, 'internal_error', 'The app is gone') };
  }
}

/** @param atMostMs Infinity: never resolves */
async function waitForever(stop: AbortSignal, atMostMs = Infinity): Promise<void> {
  const LONGEST_TIMER_MS = 2 ** 31 - 1;
  do await sleep(Math.min(atMostMs, LONGEST_TIMER_MS), undefined, { signal: stop });
  while (atMostMs === Infinity);
}

function complete(run: Run, parts: WorkerParts, outcome: Outcome): void {
  run.outcome = outcome;
  run.completedAt = parts.deps.now();
  run.state = 'COMPLETED';
  if (outcome.error) parts.runs.log(run, outcome.error.text, run.completedAt, 'ERROR');
  parts.runs.save(run);
  parts.onState(run);
}
