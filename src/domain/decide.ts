import { decideGeneration, type GenerationChange, type GenerationView } from './decide-generation.ts';
import { decideTraining, type AvatarChange, type AvatarView, type Circumstances } from './decide-training.ts';
import {
  isFinal,
  transition,
  type IgnoreReason,
  type JobChange,
  type JobFailure,
  type JobView,
} from './job-state.ts';
import type { RunEvent } from './run-event.ts';

/** A job with its avatar or generation, read together. Null where that was deleted. */
export type Snapshot =
  | { readonly job: JobView & { readonly kind: 'TRAINING' }; readonly avatar: AvatarView | null }
  | { readonly job: JobView & { readonly kind: 'GENERATION' }; readonly generation: GenerationView | null };

export type Decision =
  | { readonly kind: 'ignore'; readonly reason: IgnoreReason }
  | {
      readonly kind: 'change';
      readonly job: JobChange;
      /** Null: no visible change. */
      readonly avatar: AvatarChange | null;
      readonly generation: GenerationChange | 'DELETE' | null;
    };

/** What an event changes in a job and its avatar or generation. The save must fail if the snapshot no longer holds. */
export function decide(snapshot: Snapshot, reported: RunEvent, { now, catalog }: Circumstances): Decision {
  const event = snapshot.job.cancelRequested ? asCancelled(reported) : reported;
  const next = transition(snapshot.job, event, now);
  if (next.kind === 'ignore') return next;
  if (isFinal(snapshot.job.state)) {
    return event.kind === 'confirmed'
      ? corrected(snapshot, event, next.change, { now, catalog })
      : { kind: 'change', job: next.change, avatar: null, generation: null };
  }
  const visible = visibleChange(snapshot, event, { now, catalog });
  const isSameState =
    Object.keys(next.change).every((key) => key === 'state') && next.change.state === snapshot.job.state;
  if (isSameState && visible.avatar === null && visible.generation === null) {
    return { kind: 'ignore', reason: 'nothing-new' };
  }
  return {
    kind: 'change',
    job: { ...next.change, ...visible.failure },
    avatar: visible.avatar,
    generation: visible.generation,
  };
}

/** Takes a failure back, if the avatar or generation still shows it and the result is usable. */
function corrected(
  snapshot: Snapshot,
  event: RunEvent,
  job: JobChange,
  circumstances: Circumstances,
): Decision {
  const { falRequestId } = snapshot.job;
  const { avatar, generation } = visibleChange(snapshot, event, circumstances);
  // A training abandoned before its run was known shows no request id.
  const isThisRun = (shown: string | null) => shown === null || shown === falRequestId;
  const isShown =
    'avatar' in snapshot
      ? snapshot.avatar?.status === 'FAILED' && isThisRun(snapshot.avatar.falRequestId)
      : snapshot.generation?.status === 'FAILED';
  const change = avatar ?? (generation === 'DELETE' ? null : generation);
  if (!isShown || change?.status !== 'COMPLETED') return { kind: 'ignore', reason: 'already-final' };
  return { kind: 'change', job, avatar: avatar && { ...avatar, falRequestId }, generation };
}

function visibleChange(
  snapshot: Snapshot,
  event: RunEvent,
  { now, catalog }: Circumstances,
): Pick<Extract<Decision, { kind: 'change' }>, 'avatar' | 'generation'> & { readonly failure: JobFailure } {
  if ('avatar' in snapshot) {
    const { change, failure } = decideTraining(snapshot.job, snapshot.avatar, event, { now, catalog });
    return { avatar: change, generation: null, failure };
  }
  const { change, failure } = decideGeneration(snapshot.job, snapshot.generation, event, now);
  return { avatar: null, generation: change, failure };
}

/** A run that fails after a cancel request counts as cancelled. */
function asCancelled(event: RunEvent): RunEvent {
  if (event.kind === 'failed') return { kind: 'cancelled', requestId: event.requestId };
  return event.kind === 'abandoned' ? { kind: 'cancelled', requestId: null } : event;
}
