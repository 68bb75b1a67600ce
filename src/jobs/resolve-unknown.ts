import { applyRunEvent, type LoadedJob, type RunEventDeps } from './apply-run-event.ts';
import type { RunProvider } from './poll-job.ts';
import { refuse, type Result } from '../domain/refusal.ts';
import type { JobState } from '../domain/job-state.ts';
import type { RunEvent } from '../domain/run-event.ts';

/** A submit with unknown outcome that waits for a sign of its run. */
export type UnknownOutcome = {
  readonly jobId: string;
  readonly ownerId: string;
  readonly avatarId: string | null;
  readonly generationId: string | null;
  readonly submittedAt: Date;
  readonly waitsUntil: Date;
};

type FoundJob = Pick<LoadedJob, 'revision' | 'nextPollAt'> & {
  readonly id: string;
  readonly state: JobState;
  readonly endpoint: string;
};

export interface UnknownOutcomeStore {
  /** The first of those that wait. */
  listUnknown(limit: number): Promise<readonly UnknownOutcome[]>;
  /** By its id, the avatar whose open training it is, or its generation. */
  findJob(id: string): Promise<FoundJob | null>;
  findJobOfRun(requestId: string): Promise<{ readonly id: string } | null>;
}

export type ResolveUnknownDeps = RunEventDeps & {
  readonly outcomes: UnknownOutcomeStore;
};

type Resolved = Result<
  { readonly jobId: string },
  'NOT_FOUND' | 'INVALID_INPUT' | 'CONFLICT' | 'PROVIDER_UNAVAILABLE'
>;

/** For the operator: the submit with unknown outcome started the run with this request id. The servers poll it. */
export async function adoptRun(
  deps: ResolveUnknownDeps & { readonly provider: Pick<RunProvider, 'fetchStatus'> },
  id: string,
  requestId: string,
): Promise<Resolved> {
  const found = await findUnknown(deps, id);
  if ('refused' in found) return found;
  const { endpoint } = found.done;
  const other = await deps.outcomes.findJobOfRun(requestId);
  if (other !== null) return refuse('CONFLICT', `The run ${requestId} belongs to ${other.id}.`);
  // A job with the id of no run would be LOST after some minutes, and its own run with it.
  const status = await deps.provider.fetchStatus({ endpoint, requestId, ...NO_URLS });
  if (status.kind === 'not-found') {
    return refuse('INVALID_INPUT', `fal knows no run ${requestId} of ${endpoint}.`);
  }
  if (status.kind === 'unreachable') {
    return refuse(
      'PROVIDER_UNAVAILABLE',
      `The status of the run ${requestId} is not available: ${status.message}.`,
    );
  }
  return resolve(deps, found.done, { kind: 'accepted', requestId, urls: NO_URLS, position: null });
}

/** For the operator: the submit with unknown outcome started nothing. */
export async function declareNotStarted(deps: ResolveUnknownDeps, id: string): Promise<Resolved> {
  const found = await findUnknown(deps, id);
  if ('refused' in found) return found;
  const message = 'The operator of this server confirmed that no run was started. Start it again.';
  return resolve(deps, found.done, { kind: 'notStarted', message });
}

const NO_URLS = { statusUrl: null, responseUrl: null, cancelUrl: null };

async function findUnknown(
  { outcomes }: ResolveUnknownDeps,
  id: string,
): Promise<Result<FoundJob, 'NOT_FOUND' | 'CONFLICT'>> {
  const job = await outcomes.findJob(id);
  if (job === null) {
    return refuse('NOT_FOUND', `${id} is not a job, an avatar with an open training or a generation.`);
  }
  if (job.state === 'SUBMIT_UNKNOWN') return { done: job };
  const advice = job.state === 'SUBMITTING' ? ': its submit is under way. Try again in a minute' : '';
  return refuse('CONFLICT', `The outcome of ${job.id} is not unknown: its state is ${job.state}${advice}.`);
}

async function resolve(deps: ResolveUnknownDeps, job: FoundJob, event: RunEvent): Promise<Resolved> {
  const applied = await applyRunEvent(deps, job.id, { event, source: 'OPERATOR', asOf: job });
  if (applied.kind === 'applied') return { done: { jobId: job.id } };
  return refuse('CONFLICT', `The outcome of ${job.id} was resolved during this call. Nothing was changed.`);
}
