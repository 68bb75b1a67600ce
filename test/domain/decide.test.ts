import { describe, expect, test } from 'vitest';
import { BUILT_IN } from '../../src/catalog/catalog.ts';
import { decide, type Decision } from '../../src/domain/decide.ts';
import { UNKNOWN_OUTCOME_DEADLINE_MS } from '../../src/domain/job-state.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';
import { EVENTS, ID, IMAGES_ANSWER, LORA_ANSWER } from '../support/run-events.ts';
import {
  after,
  CREATED,
  DRAFT,
  generating,
  NOW,
  snapshotOf,
  training,
  type World,
} from '../support/domain-fixtures.ts';

function apply(world: World, ...events: RunEvent[]): World {
  return events.reduce((now, event) => after(now, decisionOn(now, event)), world);
}

function decisionOn(world: World, event: RunEvent): Decision {
  return decide(snapshotOf(world), event, { now: NOW, catalog: BUILT_IN });
}

const LORA = {
  kind: 'LORA',
  loraUrl: LORA_ANSWER.diffusers_lora_file.url,
  configUrl: LORA_ANSWER.config_file.url,
} as const;
const OLD_ARTIFACT = {
  trainingId: 'job_0',
  trainer: 'FLUX_PRO',
  value: { kind: 'FINETUNE', finetuneId: 'ft-old' },
} as const;
const TRAINED = {
  ...DRAFT,
  status: 'COMPLETED',
  artifact: OLD_ARTIFACT,
  trainingCompletedAt: CREATED,
} as const;

describe('a training', () => {
  test('passes from the queue through its progress to its artifact', () => {
    let world = apply(training(), EVENTS.accepted);
    expect(world.avatar).toMatchObject({
      status: 'QUEUED',
      falRequestId: ID,
      trainingStartedAt: CREATED,
      progress: { percent: null, queuePosition: 3, source: 'QUEUE' },
    });
    world = apply(world, EVENTS.runningHalf);
    expect(world.avatar).toMatchObject({
      status: 'TRAINING',
      progress: { percent: 50, queuePosition: null, source: 'LOGS' },
    });
    world = apply(world, EVENTS.lora);
    expect(world.avatar).toMatchObject({
      status: 'COMPLETED',
      progress: { percent: 100, queuePosition: null, source: 'RESULT' },
      artifact: { trainingId: 'job_1', trainer: 'FLUX_LORA_PORTRAIT', value: LORA },
      falResponseData: LORA_ANSWER,
      trainingCompletedAt: NOW,
      error: null,
    });
    expect(world.job).toMatchObject({ state: 'COMPLETED', settledAt: NOW, falRequestId: ID });
  });

  test('that fal requeues is QUEUED again', () => {
    const world = apply(training(), EVENTS.accepted, EVENTS.runningHalf, EVENTS.queued);
    expect(world.avatar).toMatchObject({
      status: 'QUEUED',
      progress: { percent: null, queuePosition: 2, source: 'QUEUE' },
    });
  });

  test('is complete when its webhook arrives before the answer to its submit', () => {
    const early = apply(training(), EVENTS.lora);
    expect(early.avatar).toMatchObject({
      status: 'COMPLETED',
      falRequestId: ID,
      trainingStartedAt: CREATED,
      trainingCompletedAt: NOW,
    });
    expect(decisionOn(early, EVENTS.accepted)).toEqual({ kind: 'ignore', reason: 'already-final' });
  });

  test('of unknown outcome shows that error until its webhook', () => {
    const unknown = apply(training(), EVENTS.unknown);
    expect(unknown.avatar).toMatchObject({ status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
    expect(unknown.job).toMatchObject({ state: 'SUBMIT_UNKNOWN', errorCode: 'SUBMIT_OUTCOME_UNKNOWN' });
    const bound = apply(unknown, EVENTS.identified);
    expect(bound.avatar).toMatchObject({ status: 'QUEUED', error: null, falRequestId: ID });
    expect(bound.job).toMatchObject({ state: 'QUEUED', errorCode: null });
    expect(apply(unknown, EVENTS.lora).avatar).toMatchObject({ status: 'COMPLETED', error: null });
  });

  test('that was refused does not change the avatar', () => {
    for (const avatar of [DRAFT, TRAINED]) {
      const decision = decisionOn(training({}, avatar), EVENTS.refused);
      expect(decision).toMatchObject({
        avatar: null,
        job: { state: 'FAILED', errorCode: 'PROVIDER_REJECTED', errorMessage: 'no' },
      });
    }
  });

  test.each([
    ['failed', EVENTS.failed, 'FAILED', 'PROVIDER_FAILED'],
    ['lost', EVENTS.abandoned, 'FAILED', 'LOST'],
    ['without its artifact', EVENTS.empty, 'FAILED', 'RESULT_INVALID'],
    ['cancelled', EVENTS.cancelled, 'CANCELLED', undefined],
  ])('of a trained avatar that was %s keeps the old artifact', (_what, event, status, code) => {
    const world = apply(training({}, TRAINED), EVENTS.accepted, event);
    expect(world.avatar).toMatchObject({ status, artifact: OLD_ARTIFACT });
    expect(world.avatar?.error?.code).toBe(code);
    expect(world.job.state).toBe(status);
  });

  test('of a trained avatar replaces the whole artifact at its end', () => {
    let world = apply(training({}, TRAINED), EVENTS.accepted, EVENTS.runningHalf);
    expect(world.avatar?.artifact).toEqual(OLD_ARTIFACT);
    // The open training has no completion date yet.
    expect(world.avatar?.trainingCompletedAt).toBeNull();
    world = apply(world, EVENTS.lora);
    expect(world.avatar?.artifact).toEqual({
      trainingId: 'job_1',
      trainer: 'FLUX_LORA_PORTRAIT',
      value: LORA,
    });
  });

  test('without the artifact of its trainer stores the answer and names the missing field', () => {
    const { avatar, job } = apply(training(), EVENTS.accepted, EVENTS.images);
    expect(avatar).toMatchObject({ status: 'FAILED', artifact: null, falResponseData: IMAGES_ANSWER });
    expect(avatar?.error?.message).toContain('fal-ai/flux-lora-portrait-trainer');
    expect(avatar?.error?.message).toContain('diffusers_lora_file.url');
    expect(avatar?.error?.message).toContain('only images, seed');
    expect(job).toMatchObject({ state: 'FAILED', errorCode: 'RESULT_INVALID' });
  });

  test('that failed stores the answer of fal', () => {
    const { avatar, job } = apply(training(), EVENTS.accepted, EVENTS.failed);
    expect(avatar?.error).toEqual({ code: 'PROVIDER_FAILED', message: 'bad archive' });
    expect(avatar?.falResponseData).toEqual({ detail: 'bad archive' });
    expect(job).toMatchObject({ errorCode: 'PROVIDER_FAILED', errorMessage: 'bad archive' });
  });

  test('of a deleted avatar changes only its job', () => {
    const decision = decisionOn(training({ state: 'RUNNING', falRequestId: ID }, null), EVENTS.lora);
    expect(decision).toMatchObject({ kind: 'change', avatar: null, job: { state: 'COMPLETED' } });
  });

  test('with the same position or percentage changes nothing', () => {
    const queued = apply(training(), EVENTS.accepted, EVENTS.queued);
    expect(decisionOn(queued, EVENTS.queued)).toEqual({ kind: 'ignore', reason: 'nothing-new' });
    const running = apply(queued, EVENTS.runningHalf);
    expect(decisionOn(running, EVENTS.runningHalf)).toEqual({ kind: 'ignore', reason: 'nothing-new' });
    expect(apply(running, { kind: 'running', percent: 51 }).avatar?.progress.percent).toBe(51);
    expect(apply(queued, { kind: 'queued', position: 1 }).avatar?.progress.queuePosition).toBe(1);
  });
});

describe('a run with a cancel request', () => {
  const cancelling = { state: 'RUNNING', falRequestId: ID, cancelRequested: true } as const;

  test.each([
    ['fails', EVENTS.failed],
    ['cannot be found', EVENTS.abandoned],
    ['is cancelled', EVENTS.cancelledNamed],
  ])('is CANCELLED when it %s', (_what, event) => {
    const trained = apply(training(cancelling, { ...DRAFT, status: 'TRAINING' }), event);
    expect(trained.job).toMatchObject({ state: 'CANCELLED', errorCode: null });
    expect(trained.avatar).toMatchObject({ status: 'CANCELLED', error: null });
    const drawn = apply(generating(cancelling, { status: 'RUNNING', falRequestId: ID }), event);
    expect(drawn.generation).toMatchObject({ status: 'CANCELLED', error: null, completedAt: NOW });
  });

  test('is COMPLETED when it succeeds', () => {
    const { avatar, job } = apply(training(cancelling, { ...DRAFT, status: 'TRAINING' }), EVENTS.lora);
    expect(job.state).toBe('COMPLETED');
    expect(avatar).toMatchObject({ status: 'COMPLETED', artifact: { value: LORA } });
  });

  test('is not CANCELLED by the failure of another run', () => {
    expect(decisionOn(training(cancelling), EVENTS.failedOther)).toEqual({
      kind: 'ignore',
      reason: 'other-run',
    });
  });
});

describe('a generation', () => {
  test('passes from the queue to its images', () => {
    let world = apply(generating(), EVENTS.accepted);
    expect(world.generation).toMatchObject({ status: 'QUEUED', falRequestId: ID });
    world = apply(world, EVENTS.running);
    expect(world.generation).toMatchObject({ status: 'RUNNING' });
    world = apply(world, EVENTS.images);
    expect(world.generation).toMatchObject({
      status: 'COMPLETED',
      images: [{ url: IMAGES_ANSWER.images[0]?.url, flagged: false }],
      seed: 42,
      falResponseData: IMAGES_ANSWER,
      completedAt: NOW,
    });
  });

  test("keeps its caller's seed when fal returns none", () => {
    const images = { ...EVENTS.images, output: { images: IMAGES_ANSWER.images } };
    expect(apply(generating({}, { seed: 7 }), EVENTS.accepted, images).generation?.seed).toBe(7);
  });

  test('that was refused is deleted', () => {
    expect(decisionOn(generating(), EVENTS.refused)).toMatchObject({
      generation: 'DELETE',
      job: { state: 'FAILED', errorCode: 'PROVIDER_REJECTED' },
    });
    expect(decisionOn(generating({}, null), EVENTS.refused)).toMatchObject({ generation: null });
  });

  test.each([
    ['fails', EVENTS.failed, 'PROVIDER_FAILED'],
    ['is lost', EVENTS.abandoned, 'LOST'],
    ['ends without images', EVENTS.lora, 'RESULT_INVALID'],
  ])('that %s is FAILED', (_what, event, code) => {
    const { generation, job } = apply(generating(), EVENTS.accepted, event);
    expect(generation).toMatchObject({ status: 'FAILED', error: { code }, images: null, completedAt: NOW });
    expect(job).toMatchObject({ state: 'FAILED', errorCode: code });
  });

  test('of unknown outcome that was not started is FAILED, and its key is free', () => {
    const unknown = apply(generating(), EVENTS.unknown);
    const { generation, job } = apply(unknown, EVENTS.notStarted);
    const error = { code: 'NOT_STARTED', message: 'not there' };
    expect(generation).toMatchObject({ status: 'FAILED', error, completedAt: NOW });
    expect(job).toMatchObject({ state: 'FAILED', errorCode: 'NOT_STARTED', releaseIdempotencyKey: true });
  });

  test('of unknown outcome shows that error until its first event', () => {
    const unknown = apply(generating(), EVENTS.unknown);
    expect(unknown.generation?.error?.waitsUntil).toEqual(
      new Date(NOW.getTime() + UNKNOWN_OUTCOME_DEADLINE_MS),
    );
    expect(unknown.generation).toMatchObject({ status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
    expect(apply(unknown, EVENTS.identified).generation).toMatchObject({ error: null, falRequestId: ID });
  });

  test('does not change with its position in the queue, which it does not show', () => {
    const world = apply(generating(), EVENTS.accepted);
    expect(decisionOn(world, EVENTS.queued)).toEqual({ kind: 'ignore', reason: 'nothing-new' });
    expect(decisionOn(apply(world, EVENTS.running), EVENTS.runningHalf)).toMatchObject({ kind: 'ignore' });
  });
});

test('a decision is deterministic and changes none of its arguments', () => {
  const world = Object.freeze(training({ state: 'RUNNING', falRequestId: ID }));
  const before = structuredClone(world);
  expect(decisionOn(world, EVENTS.lora)).toEqual(decisionOn(world, EVENTS.lora));
  expect(world).toEqual(before);
});
