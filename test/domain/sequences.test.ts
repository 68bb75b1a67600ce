import { describe, expect, test } from 'vitest';
import { isDeepStrictEqual } from 'node:util';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { decide, type Decision } from '../../src/domain/decide.ts';
import { isFinal, OPEN_STATES } from '../../src/domain/job-state.ts';
import { requestIdOf } from '../../src/domain/run-event.ts';
import { randomFor } from '../support/prng.ts';
import { EVENT_NAMES, EVENTS, type EventName } from '../support/run-events.ts';
import {
  after,
  DRAFT,
  generating,
  NOW,
  snapshotOf,
  training,
  type World,
} from '../support/domain-fixtures.ts';

/** A run event, a cancel request, or the deletion of the avatar or generation. */
type Step = EventName | 'cancel request' | 'deletion';
const STEPS: readonly Step[] = [...EVENT_NAMES, 'cancel request', 'deletion'];

const STARTS = {
  'a first training': training(),
  'a training of a trained avatar': training(
    { trainer: 'FLUX_LORA_FAST' },
    {
      ...DRAFT,
      status: 'COMPLETED',
      artifact: { trainingId: 'job_0', trainer: 'FLUX_PRO', value: { kind: 'FINETUNE', finetuneId: 'ft' } },
    },
  ),
  'a finetune': training({ trainer: 'FLUX_PRO' }),
  'a generation': generating({}, { seed: 7 }),
} as const satisfies Record<string, World>;

/** Applies one step. `broken` describes the invariant that it violated, if any. */
function take(world: World, step: Step): { readonly next: World; readonly broken: string | null } {
  if (step === 'cancel request') {
    const cancelRequested = world.job.cancelRequested || !isFinal(world.job.state);
    return { next: { ...world, job: { ...world.job, cancelRequested } }, broken: null };
  }
  if (step === 'deletion') return { next: { ...world, avatar: null, generation: null }, broken: null };
  const decision = decide(snapshotOf(world), EVENTS[step], { now: NOW, catalog: BUILT_IN });
  const next = after(world, decision);
  return { next, broken: brokenBy(world, next, step, decision) };
}

function brokenBy(before: World, now: World, name: EventName, decision: Decision): string | null {
  const event = EVENTS[name];
  const { job } = now;
  const wasFinal = isFinal(before.job.state);
  const isSeen = (world: World) => world.avatar ?? world.generation;
  const seenChange = decision.kind === 'ignore' ? null : (decision.avatar ?? decision.generation);
  const isOther = requestIdOf(event) !== null && requestIdOf(event) !== before.job.falRequestId;
  const isApplied = decision.kind === 'change';

  if (wasFinal && (before.job.state !== job.state || seenChange !== null)) {
    // Only a confirmed success replaces an end: a failure that is still shown.
    const isCorrection = event.kind === 'confirmed' && before.job.state === 'FAILED';
    if (!isCorrection) return 'an end changed';
    if (job.state !== 'COMPLETED' || isSeen(before)?.status !== 'FAILED')
      return 'a correction of something else';
    if (isSeen(now)?.status !== 'COMPLETED' || job.errorCode !== null) return 'half a correction';
    if (isSeen(now)?.falRequestId !== job.falRequestId) return 'a correction of another run';
  }
  if (before.job.falRequestId !== null && before.job.falRequestId !== job.falRequestId) {
    return 'a request id changed';
  }
  if (before.job.falRequestId !== null && isOther && isApplied) return "another run's event was applied";
  if (seenChange !== null && isSeen(before) === null) return 'a deleted row came back';
  if (seenChange !== null && isDeepStrictEqual(isSeen(before), isSeen(now)))
    return 'a visible change without a difference';
  if (isFinal(job.state) && !wasFinal && job.settledAt === undefined) return 'an end without a date';
  const isRefusedInTime = name === 'refused' && before.job.state === 'SUBMITTING';
  if (isRefusedInTime && !isDeepStrictEqual(before.avatar, now.avatar)) {
    return 'a refusal in time touched the avatar';
  }
  if (event.kind === 'accepted' && before.job.falRequestId !== null) {
    if (job.state !== before.job.state || seenChange !== null) return 'a late answer changed the state';
  }
  if (before.job.cancelRequested && job.state === 'FAILED' && !wasFinal) {
    if (event.kind === 'failed' || event.kind === 'abandoned') return 'a cancelled run failed';
  }
  const artifact = now.avatar?.artifact;
  if (!isDeepStrictEqual(before.avatar?.artifact ?? null, artifact ?? null) && now.avatar !== null) {
    if (event.kind !== 'succeeded' && event.kind !== 'confirmed') return 'an artifact without a success';
    if (artifact?.trainer !== job.trainer) return 'an artifact of another trainer';
    const { value } = artifact;
    const text = value.kind === 'LORA' ? value.loraUrl : value.finetuneId;
    if (text === '') return 'half an artifact';
  }
  if (now.avatar !== null && isApplied && !wasFinal && !isRefusedInTime) {
    const shown = { SUBMITTING: null, SUBMIT_UNKNOWN: 'QUEUED', RUNNING: 'TRAINING' } as const;
    const expected = job.state in shown ? shown[job.state as keyof typeof shown] : job.state;
    if (now.avatar.status !== expected) return `the avatar shows ${now.avatar.status} for ${job.state}`;
    if ((now.avatar.error?.code ?? null) !== (job.errorCode ?? null))
      return 'avatar and job name different errors';
  }
  if (now.generation !== null && isApplied && !isFinal(before.job.state)) {
    const expected = job.state === 'SUBMIT_UNKNOWN' ? 'QUEUED' : job.state;
    if (now.generation.status !== expected) return `the generation shows ${now.generation.status}`;
    if ((now.generation.completedAt !== null) !== isFinal(job.state))
      return 'an ended generation is not dated';
    if ((now.generation.images !== null) !== (job.state === 'COMPLETED')) return 'images without success';
  }
  return null;
}

describe.each(Object.entries(STARTS))('%s keeps every invariant', (_name, start) => {
  test('through every sequence of three steps', () => {
    const broken: string[] = [];
    for (const first of STEPS) {
      const one = take(start, first);
      for (const second of STEPS) {
        const two = take(one.next, second);
        for (const third of STEPS) {
          const three = take(two.next, third);
          const found = one.broken ?? two.broken ?? three.broken;
          if (found !== null) broken.push(`${first}, ${second}, ${third}: ${found}`);
        }
      }
    }
    expect(broken.slice(0, 10)).toEqual([]);
  });

  test('through long random histories', () => {
    const { pick } = randomFor(4_711);
    const reached = new Set<string>();
    for (let round = 0; round < 1500; round++) {
      let world: World = start;
      const history: Step[] = [];
      for (let length = 0; length < 14; length++) {
        const step = pick(STEPS);
        history.push(step);
        const { next, broken } = take(world, step);
        if (broken !== null) expect.unreachable(`${history.join(', ')}: ${broken}`);
        world = next;
        reached.add(world.job.state);
      }
    }
    expect([...reached].sort()).toEqual([...OPEN_STATES, 'COMPLETED', 'FAILED', 'CANCELLED'].sort());
  });
});
