import { record } from './record.ts';
import type { JsonObject } from '../domain/json.ts';
import type { SubmitEvent, Workshop } from './ports.ts';

/**
 * Sends a job that was just written to fal, once, and records what came of it. Resolves with fal's answer; never
 * waits for the run. A job is never submitted a second time: if this process ends in between, the job comes up as
 * one with unknown outcome.
 */
export async function submitJob(
  workshop: Workshop,
  job: {
    readonly id: string;
    readonly endpoint: string;
    readonly input: JsonObject;
    readonly token: string;
  },
): Promise<SubmitEvent> {
  const { provider, settings } = workshop;
  const event = await provider.submit({
    endpoint: job.endpoint,
    input: job.input,
    callbackUrl: settings.callbackBase && `${settings.callbackBase}/${job.token}`,
  });
  await record(workshop, job.id, event, 'SUBMIT');
  return event;
}
