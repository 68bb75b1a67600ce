import type { AvatarStatus } from '../domain/decide-training.ts';
import type { Artifact } from '../catalog/artefact.ts';
import type { Decision, Snapshot } from '../domain/decide.ts';
import type { JobState } from '../domain/job-state.ts';
import type { Json, JsonObject } from '../values/json.ts';
import type { ErrorCode } from '../domain/user-error.ts';
import type { RunEvent, Source } from '../domain/run-event.ts';
import type { Trainer, TrainingType } from '../catalog/trainers.ts';
import type { Log } from '../log/log.ts';
import type { InFlight } from '../async/in-flight.ts';

/** What fal is asked about: a run by its request id, at the addresses fal gave with the submit's answer. */
export type RunRef = {
  readonly endpoint: string;
  readonly requestId: string;
  readonly statusUrl: string | null;
  readonly responseUrl: string | null;
  readonly cancelUrl: string | null;
};

export type SubmitEvent = Extract<RunEvent, { kind: 'accepted' | 'refused' | 'unknown' }>;

/** What a look at a run gave. The last two say nothing about the run itself. */
export type RunStatus =
  | Extract<RunEvent, { kind: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' }>
  /** fal does not know the run, or not yet. */
  | { readonly kind: 'not-found'; readonly message: string }
  | { readonly kind: 'unreachable'; readonly message: string };

export type CancelAnswer = 'removed' | 'requested' | 'already-completed' | 'not-found' | 'unreachable';

export type SubmitRequest = {
  readonly endpoint: string;
  readonly input: JsonObject;
  /** Null: no webhook will come. */
  readonly callbackUrl: string | null;
  /** On performance.now()'s clock: later it is not sent any more, and refused. */
  readonly sendBefore: number;
};

/** The service that trains and generates. A submit sends exactly one request. None of these throws for anything the service or the network does. */
export interface Provider {
  submit(order: SubmitRequest): Promise<SubmitEvent>;
  fetchStatus(run: RunRef): Promise<RunStatus>;
  cancel(run: RunRef): Promise<CancelAnswer>;
}

/** Says that something changed: its id and version, never the row, which every watcher reads for itself. */
export type Notification = {
  readonly kind: 'AVATAR' | 'GENERATION';
  readonly ownerId: string;
  readonly entityId: string;
  readonly version: number;
};

export interface Publisher {
  /** Resolves when the announcement is on its way to every instance; throws when that failed. */
  publish(announcement: Notification): Promise<void>;
}

export type AvatarForJob = {
  readonly id: string;
  readonly status: AvatarStatus;
  readonly trainingType: TrainingType;
  readonly triggerPhrase: string;
  readonly artifact: { readonly trainer: Trainer; readonly value: Artifact } | null;
};

export type NewJob = {
  readonly id: string;
  readonly ownerId: string;
  readonly avatarId: string;
  readonly trainer: Trainer;
  readonly endpoint: string;
  readonly input: JsonObject;
  readonly token: string;
  readonly idempotency: { readonly key: string; readonly digest: string } | null;
};

export type NewGeneration = {
  readonly id: string;
  readonly prompt: string;
  readonly numImages: number;
  readonly seed: number | null;
  readonly strength: number | null;
};

/** How writing a new job ended. Which it is, the database's own constraints decide. */
export type Creation =
  | { readonly kind: 'created' }
  /** The key was used with the same input: this is the job it made. */
  | { readonly kind: 'repeated'; readonly jobId: string }
  | { readonly kind: 'key-used-otherwise' }
  /** The avatar was deleted meanwhile. */
  | { readonly kind: 'gone' }
  /** A limit of what may be spent; the sentence says which and when it ends. */
  | { readonly kind: 'limit'; readonly message: string };

/** How a job stands, for whoever waits for its submit. */
export type JobStanding = {
  readonly state: JobState;
  readonly generationId: string | null;
  readonly submitted: boolean;
  readonly error: { readonly code: ErrorCode; readonly message: string } | null;
};

/** A job as read, with what a save needs to find out whether it still holds. */
export type LoadedJob = Pick<DueJob, 'revision' | 'nextPollAt'> & {
  readonly snapshot: Snapshot;
  readonly ownerId: string;
  readonly avatarId: string | null;
  readonly generationId: string | null;
  /** Of the avatar or generation; null where it was deleted. */
  readonly version: number | null;
  /** What fal said at the run's end, as stored; undefined when that is not known any more. */
  readonly answer: Json | undefined;
};

/** A genuine webhook about a job, as it is kept. */
export type Delivery = {
  /** As it was signed. */
  readonly requestId: string;
  /** SHA-256 (hex) of the raw body. */
  readonly digest: string;
  readonly body: Uint8Array;
};

export type DueJob = {
  readonly id: string;
  readonly state: JobState;
  readonly run: RunRef | null;
  /** Looks at fal in a row that brought no answer. */
  readonly pollFailures: number;
  /** How long fal has been saying that it does not know the run, in milliseconds. */
  readonly notFoundForMs: number;
  /** Since it was created, by the database's clock. */
  readonly ageMs: number;
  /** A cancel was asked for, or the avatar is gone, and fal has not been told yet. */
  readonly cancelPending: boolean;
  readonly revision: number;
  /** When it was to be looked at next, as read; what is planned is written only if that still holds. */
  readonly nextPollAt: Date | null;
};

/** What a look at fal brought: an answer about the run, "not found", or nothing. */
export type PollResult = 'answer' | 'not-found' | 'nothing';

export type OutboxEntry = Notification & { readonly id: bigint };

export type Saved =
  | { readonly kind: 'saved'; readonly announcements: readonly OutboxEntry[] }
  /** Something else was written since it was read: read again and decide again. */
  | { readonly kind: 'stale' }
  /** Another job is bound to this request id. */
  | { readonly kind: 'request-id-taken' };

export interface JobStore {
  findAvatar(ownerId: string, avatarId: string): Promise<AvatarForJob | null>;
  /** `busy`: a training of this avatar is open. */
  createTraining(job: NewJob): Promise<Creation | { readonly kind: 'busy' }>;
  createGeneration(job: NewJob, generation: NewGeneration): Promise<Creation>;
  standing(jobId: string): Promise<JobStanding | null>;
  load(jobId: string): Promise<LoadedJob | null>;
  findByRequestId(requestId: string): Promise<{ readonly id: string; readonly token: string } | null>;
  findByToken(token: string): Promise<{ readonly id: string; readonly falRequestId: string | null } | null>;
  /** One transaction: everything of the decision or nothing. `nextPollInMs` null: nothing is left to do. */
  save(
    loaded: LoadedJob,
    decision: Extract<Decision, { kind: 'change' }>,
    how: {
      readonly source: Source;
      readonly nextPollInMs: number | null | undefined;
      /** What brought the news, to be kept with it. */
      readonly delivery?: Delivery | undefined;
    },
  ): Promise<Saved>;
  /**
   * Keeps a delivery that changed nothing, with its body unless it is LATE. `isNew` false: the very same one is kept
   * already. A CONFLICT plans a look at the run after `leaseMs`, in the same transaction, unless one is planned;
   * `isDue`: it did, and whoever kept the delivery looks now.
   */
  keepDelivery(
    jobId: string,
    delivery: Delivery,
    how: { readonly outcome: 'LATE' | 'CONFLICT' | 'UNREADABLE'; readonly leaseMs: number },
  ): Promise<{ readonly isNew: boolean; readonly isDue: boolean }>;
  /** Forgets deliveries that are older than a month, until told to stop. */
  forgetDeliveries(stop: AbortSignal): Promise<void>;
  /**
   * Takes due jobs for `leaseMs`: until then no other instance gets them. A look that is planned further ahead than
   * `furthestMs` was planned before a clock was put back, and is due.
   */
  claimDue(
    limit: number,
    times: { readonly leaseMs: number; readonly furthestMs: number },
  ): Promise<DueJob[]>;
  due(jobId: string): Promise<DueJob | null>;
  /** Plans the next look, unless somebody else did meanwhile; `found` is what the last one brought. `inMs` null: none. */
  reschedule(job: DueJob, inMs: number | null, found: PollResult): Promise<void>;
  /** The open training of an avatar, marked as to be cancelled; null when there is none. */
  requestCancel(ownerId: string, avatarId: string): Promise<DueJob | null>;
  cancelAnswered(jobId: string): Promise<void>;
  /** Deletes the avatar and its generations and cancels their open jobs; null when there is no such avatar. */
  deleteAvatar(ownerId: string, avatarId: string): Promise<readonly OutboxEntry[] | null>;
  /** Changes that were committed at least `olderThanMs` ago and not announced. */
  unannounced(limit: number, olderThanMs: number): Promise<OutboxEntry[]>;
  announced(ids: readonly bigint[]): Promise<void>;
}

/** Counts what operators watch. */
export interface JobMetrics {
  runEnded(run: {
    readonly kind: 'TRAINING' | 'GENERATION';
    readonly state: JobState;
    readonly errorCode: string | null;
  }): void;
  submitted(outcome: SubmitEvent['kind']): void;
}

/** What every use case works with. */
export type JobDeps = {
  readonly store: JobStore;
  readonly provider: Provider;
  readonly publisher: Publisher;
  readonly log: Log;
  readonly metrics: JobMetrics;
  readonly inFlight: InFlight;
  readonly newCallbackToken: () => string; // 32 hex digits that nobody else can predict
  readonly settings: {
    /** Base of the callback URL; null: no webhooks, everything is found by polling. */
    readonly callbackBase: string | null;
    readonly pollIntervalMs: number;
    readonly defaultTrainers: Readonly<Record<TrainingType, Trainer>>;
  };
};
