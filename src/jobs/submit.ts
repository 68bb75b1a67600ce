import { setTimeout as pause } from 'node:timers/promises';
import { applyRunEvent, type ApplyResult } from './apply-run-event.ts';
import { SEND_WITHIN_MS } from './timing.ts';
import type { JsonObject } from '../values/json.ts';
import type { SubmitEvent, JobDeps } from './ports.ts';

type SubmittedJob = {
  readonly id: string;
  readonly endpoint: string;
  readonly input: JsonObject;
  readonly token: string;
  /** Just before it was written, on performance.now()'s clock. */
  readonly begunAt: number;
};

/**
 * Sends a job that was just written to fal, once, and records what came of it; never waits for the run. A job is never
 * submitted a second time: if this process ends in between, the job comes up as one with unknown outcome.
 *
 * Resolves with the refusal when it is certain that nothing was started, else with null: a run is on its way, or may
 * be. Goes on to its end even when whoever asked is gone.
 */
export function submitJob(
  deps: JobDeps,
  job: SubmittedJob,
): Promise<Extract<SubmitEvent, { kind: 'refused' }> | null> {
  return deps.inFlight.track(submit(deps, job));
}

async function submit(
  deps: JobDeps,
  job: SubmittedJob,
): Promise<Extract<SubmitEvent, { kind: 'refused' }> | null> {
  const { provider, settings, log } = deps;
  const event = await provider.submit({
    endpoint: job.endpoint,
    input: job.input,
    callbackUrl: settings.callbackBase && `${settings.callbackBase}/${job.token}`,
    // A process that stood still must not wake and start what has been given up since.
    sendBefore: job.begunAt + SEND_WITHIN_MS,
  });
  // Said before it is stored: should storing fail, the log is the only place that has the id of a paid run.
  if (event.kind === 'accepted')
    log.info({ jobId: job.id, requestId: event.requestId }, 'run accepted by fal');
  deps.metrics.submitted(event.kind);
  const recorded = await recordPatiently(deps, job.id, event);
  // A webhook may have bound the job to a run before fal's refusal, or what looked like one, arrived.
  return event.kind === 'refused' && recorded?.kind === 'applied' ? event : null;
}

/** A database that is away for a moment must not cost the id of a run. Null: it stayed away. */
async function recordPatiently(
  deps: JobDeps,
  jobId: string,
  event: SubmitEvent,
): Promise<ApplyResult | null> {
  for (const waitMs of RETRY_AFTER_MS) {
    try {
      return await applyRunEvent(deps, jobId, { event, source: 'SUBMIT' });
    } catch (error) {
      deps.log.error({ err: error, jobId, event: event.kind }, 'submit result not recorded; retrying');
      await pause(waitMs);
    }
  }
  return null;
}

const RETRY_AFTER_MS = [200, 500, 1000, 2000, 4000, 8000, 16_000];
