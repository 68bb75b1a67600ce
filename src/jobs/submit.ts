import { applyRunEvent, type ApplyResult, type RunEventDeps } from './apply-run-event.ts';
import { DAY_S } from '../values/units.ts';
import { newId } from './ids.ts';
import { refusalOfFirst, type ReplayStore } from './replay.ts';
import { retry } from '../async/retry.ts';
import { SEND_WITHIN_MS } from './timing.ts';
import type { GoneEndpoints } from './default-trainers.ts';
import type { JsonObject } from '../values/json.ts';
import type { ProviderCode, Refusal, RefusalCode, Result } from '../domain/refusal.ts';
import type { RunEvent } from '../domain/run-event.ts';
import type { TrainerName } from '../catalog/trainers.ts';

export type SubmitRequest = {
  readonly endpoint: string;
  readonly input: JsonObject;
  /** Null: no webhook will come. */
  readonly callbackUrl: string | null;
  /** How long fal keeps the files of the run; null: the account's setting at fal decides. */
  readonly keepFilesSeconds: number | null;
  /** On performance.now()'s clock. After it the request is refused unsent. */
  readonly sendBefore: number;
};

export type SubmitEvent = Extract<RunEvent, { kind: 'accepted' | 'refused' | 'unknown' }>;

export type NewJob = {
  readonly id: string;
  readonly ownerId: string;
  readonly avatarId: string;
  readonly trainer: TrainerName;
  /** Why it is not the default trainer; null if it is, or if the caller named it. */
  readonly trainerNote?: string | null;
  readonly endpoint: string;
  readonly input: JsonObject;
  /** What it will probably cost, in millionths of a US dollar; null: unknown. */
  readonly estimatedMicroUsd: number | null;
  /** Of its callback URL. */
  readonly token: string;
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
};

/** The new job, or the one that an earlier call with the same idempotency key and request created. */
export type CreatedJob = { readonly jobId: string; readonly generationId: string | null };

export type CreationCode = 'NOT_FOUND' | 'LIMIT_EXCEEDED' | 'IDEMPOTENCY_CONFLICT';

/** The request that a job sends instead if fal has retired its endpoint. */
type Alternative = Pick<NewJob, 'trainer' | 'trainerNote' | 'endpoint' | 'input' | 'estimatedMicroUsd'>;

interface SwitchStore {
  /**
   * Makes a job send this instead, and gives it another minute for its submit. False: something happened to it since it
   * was written.
   */
  switchTo(jobId: string, alternative: Alternative): Promise<boolean>;
}

export type SubmitDeps = RunEventDeps & {
  readonly store: ReplayStore & SwitchStore;
  readonly goneEndpoints: Pick<GoneEndpoints, 'remember'>;
  readonly provider: {
    /** Sends exactly one request. Never throws for a fault of fal or the network. */
    submit(request: SubmitRequest): Promise<SubmitEvent>;
  };
  readonly metrics: { submitted(outcome: SubmitEvent['kind']): void };
  /** 32 hex digits that nobody can predict. */
  readonly newCallbackToken: () => string;
  readonly settings: {
    /** Base of the callback URL; null: no webhooks, every run is polled. */
    readonly callbackBase: string | null;
    readonly retentionDays: RetentionDays;
  };
};

/** How long fal keeps the files that a run makes; null: the account's setting at fal decides. */
export type RetentionDays = {
  readonly artifacts: number | null;
  readonly images: number | null;
};

/**
 * Creates a job and submits it to fal, once; to the alternative only after fal certainly started nothing, because the
 * endpoint is gone. Does not wait for the run. An unknown outcome is no refusal: a run may exist. A process that dies
 * before fal's response leaves a job with unknown outcome, which is never submitted again.
 */
export async function submitJob<Code extends RefusalCode>(
  deps: SubmitDeps,
  fields: Omit<NewJob, 'id' | 'token'>,
  create: (job: NewJob) => Promise<Result<CreatedJob, Code>>,
  alternative: Alternative | null = null,
): Promise<Result<CreatedJob, Code | 'NOT_FOUND' | ProviderCode>> {
  const begunAt = performance.now();
  const job = { ...fields, id: newId('job'), token: deps.newCallbackToken() };
  const created = await create(job);
  if ('refused' in created) return created;
  const { jobId } = created.done;
  const refusal =
    jobId === job.id
      ? await deps.inFlight.track(
          submit(deps, job, {
            begunAt,
            makes: created.done.generationId === null ? 'artifacts' : 'images',
            alternative,
          }),
        )
      : await refusalOfFirst(deps.store, jobId);
  return refusal === null ? created : { refused: refusal };
}

async function submit(
  deps: SubmitDeps,
  job: NewJob,
  {
    begunAt,
    makes,
    alternative,
  }: {
    readonly begunAt: number;
    readonly makes: keyof RetentionDays;
    readonly alternative: Alternative | null;
  },
): Promise<Refusal<'NOT_FOUND' | ProviderCode> | null> {
  const { provider, settings, log, metrics } = deps;
  const days = settings.retentionDays[makes];
  const event = await provider.submit({
    endpoint: job.endpoint,
    input: job.input,
    callbackUrl: settings.callbackBase && `${settings.callbackBase}/${job.token}`,
    keepFilesSeconds: days === null ? null : days * DAY_S,
    // A process that was suspended must not start a run that counts as unknown, and may have been replaced, by now.
    sendBefore: begunAt + SEND_WITHIN_MS,
  });
  // Logged before it is stored: if storing fails, only the log has the id of a paid run.
  if (event.kind === 'accepted')
    log.info({ jobId: job.id, requestId: event.requestId }, 'run accepted by fal');
  metrics.submitted(event.kind);
  const isGone = event.kind === 'refused' && event.isGone === true;
  if (isGone) await rememberGone(deps, job);
  // The job counts as one with unknown outcome a minute after its switch.
  const switchedAt = performance.now();
  if (isGone && alternative !== null && (await switchedTo(deps, job, alternative))) {
    return submit(deps, { ...job, ...alternative }, { begunAt: switchedAt, makes, alternative: null });
  }
  const applied = await applyWithRetries(deps, job.id, event);
  if (event.kind !== 'refused' || applied === null) return null;
  if (applied.kind === 'applied') return event.failure;
  // Saved by an attempt whose confirmation was lost; or another event came first, such as a webhook of the run.
  return refusalOfFirst(deps.store, job.id);
}

async function rememberGone({ goneEndpoints, log }: SubmitDeps, { id, endpoint }: NewJob): Promise<void> {
  try {
    await goneEndpoints.remember(endpoint);
  } catch (error) {
    log.error({ err: error, jobId: id, endpoint }, 'retired endpoint not recorded');
  }
}

async function switchedTo(
  { store, log }: SubmitDeps,
  { id, endpoint }: NewJob,
  alternative: Alternative,
): Promise<boolean> {
  try {
    // Before the second submit: a process that dies after it leaves a job with unknown outcome, of the right endpoint.
    const isSwitched = await store.switchTo(id, alternative);
    const { trainer } = alternative;
    log.warn({ jobId: id, endpoint, trainer, isSwitched }, 'endpoint retired by fal');
    return isSwitched;
  } catch (error) {
    log.error({ err: error, jobId: id, endpoint }, 'alternative trainer not recorded');
    return false;
  }
}

/** A short outage of the database must not lose a request id. Null: the outage was longer. */
async function applyWithRetries(
  deps: SubmitDeps,
  jobId: string,
  event: SubmitEvent,
): Promise<ApplyResult | null> {
  const attempt = () =>
    applyRunEvent(deps, jobId, { event, source: 'SUBMIT' }).catch((error: unknown) => {
      deps.log.error({ err: error, jobId, event: event.kind }, 'submit result not recorded');
      throw error;
    });
  return retry(attempt, PAUSES_MS).catch(() => null);
}

/** More than half a minute. */
const PAUSES_MS = [200, 500, 1000, 2000, 4000, 8000, 16_000];
