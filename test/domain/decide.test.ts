import { describe, expect, test } from 'vitest';
import { decide, type Decision } from '../../src/domain/decide.ts';
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

function told(world: World, ...events: RunEvent[]): World {
  return events.reduce((now, event) => after(now, deciding(now, event)), world);
}

function deciding(world: World, event: RunEvent): Decision {
  return decide(snapshotOf(world), event, NOW);
}

const LORA = {
  kind: 'LORA',
  loraUrl: LORA_ANSWER.diffusers_lora_file.url,
  configUrl: LORA_ANSWER.config_file.url,
} as const;
const OLD_ARTIFACT = {
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
  test('goes from the queue over its progress to its artefact', () => {
    let world = told(training(), EVENTS.accepted);
    expect(world.avatar).toMatchObject({
      status: 'QUEUED',
      falRequestId: ID,
      trainingStartedAt: CREATED,
      progress: { percent: null, queuePosition: 3, source: 'QUEUE' },
    });
    world = told(world, EVENTS.runningHalf);
    expect(world.avatar).toMatchObject({
      status: 'TRAINING',
      progress: { percent: 50, queuePosition: null, source: 'LOGS' },
    });
    world = told(world, EVENTS.lora);
    expect(world.avatar).toMatchObject({
      status: 'COMPLETED',
      progress: { percent: 100, queuePosition: null, source: 'RESULT' },
      artifact: { trainer: 'FLUX_LORA_PORTRAIT', value: LORA },
      falResponseData: LORA_ANSWER,
      trainingCompletedAt: NOW,
      error: null,
    });
    expect(world.job).toMatchObject({ state: 'COMPLETED', settledAt: NOW, falRequestId: ID });
  });

  test('that fal takes back into its queue shows it', () => {
    const world = told(training(), EVENTS.accepted, EVENTS.runningHalf, EVENTS.queued);
    expect(world.avatar).toMatchObject({
      status: 'QUEUED',
      progress: { percent: null, queuePosition: 2, source: 'QUEUE' },
    });
  });

  test('is complete with its webhook, though that overtook the answer to its submit', () => {
    const early = told(training(), EVENTS.lora);
    expect(early.avatar).toMatchObject({
      status: 'COMPLETED',
      falRequestId: ID,
      trainingStartedAt: CREATED,
      trainingCompletedAt: NOW,
    });
    expect(deciding(early, EVENTS.accepted)).toEqual({ kind: 'ignore', reason: 'already-final' });
  });

  test('whose submit nobody answered says so, and its webhook takes that back', () => {
    const unknown = told(training(), EVENTS.unknown);
    expect(unknown.avatar).toMatchObject({ status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
    expect(unknown.job).toMatchObject({ state: 'SUBMIT_UNKNOWN', errorCode: 'SUBMIT_OUTCOME_UNKNOWN' });
    const bound = told(unknown, EVENTS.identified);
    expect(bound.avatar).toMatchObject({ status: 'QUEUED', error: null, falRequestId: ID });
    expect(bound.job).toMatchObject({ state: 'QUEUED', errorCode: null });
    expect(told(unknown, EVENTS.lora).avatar).toMatchObject({ status: 'COMPLETED', error: null });
  });

  test('that was refused leaves the avatar as it was', () => {
    for (const avatar of [DRAFT, TRAINED]) {
      const decision = deciding(training({}, avatar), EVENTS.refused);
      expect(decision).toMatchObject({
        avatar: null,
        job: { state: 'FAILED', errorCode: 'PROVIDER_REJECTED', errorMessage: 'no' },
      });
    }
  });

  test.each([
    ['failed', EVENTS.failed, 'FAILED', 'PROVIDER_FAILED'],
    ['lost', EVENTS.abandoned, 'FAILED', 'LOST'],
    ['without its artefact', EVENTS.empty, 'FAILED', 'RESULT_INVALID'],
    ['cancelled', EVENTS.cancelled, 'CANCELLED', undefined],
  ])('of a trained avatar that was %s keeps the artefact it had', (_what, event, status, code) => {
    const world = told(training({}, TRAINED), EVENTS.accepted, event);
    expect(world.avatar).toMatchObject({ status, artifact: OLD_ARTIFACT });
    expect(world.avatar?.error?.code).toBe(code);
    expect(world.job.state).toBe(status);
  });

  test('of a trained avatar replaces the artefact whole, and only with the new one', () => {
    let world = told(training({}, TRAINED), EVENTS.accepted, EVENTS.runningHalf);
    expect(world.avatar?.artifact).toEqual(OLD_ARTIFACT);
    // The date is the open training's, which has none yet.
    expect(world.avatar?.trainingCompletedAt).toBeNull();
    world = told(world, EVENTS.lora);
    expect(world.avatar?.artifact).toEqual({ trainer: 'FLUX_LORA_PORTRAIT', value: LORA });
  });

  test('that ended without what its trainer promises keeps the answer and says what was missing', () => {
    const { avatar, job } = told(training(), EVENTS.accepted, EVENTS.images);
    expect(avatar).toMatchObject({ status: 'FAILED', artifact: null, falResponseData: IMAGES_ANSWER });
    expect(avatar?.error?.message).toContain('fal-ai/flux-lora-portrait-trainer');
    expect(avatar?.error?.message).toContain('diffusers_lora_file.url');
    expect(avatar?.error?.message).toContain('only images, seed');
    expect(job).toMatchObject({ state: 'FAILED', errorCode: 'RESULT_INVALID' });
  });

  test('that failed keeps what fal said', () => {
    const { avatar, job } = told(training(), EVENTS.accepted, EVENTS.failed);
    expect(avatar?.error).toEqual({ code: 'PROVIDER_FAILED', message: 'bad archive' });
    expect(avatar?.falResponseData).toEqual({ detail: 'bad archive' });
    expect(job).toMatchObject({ errorCode: 'PROVIDER_FAILED', errorMessage: 'bad archive' });
  });

  test('of an avatar that was deleted settles its job and touches nothing else', () => {
    const decision = deciding(training({ state: 'RUNNING', falRequestId: ID }, null), EVENTS.lora);
    expect(decision).toMatchObject({ kind: 'change', avatar: null, job: { state: 'COMPLETED' } });
  });

  test('whose position or percentage stayed the same changes nothing', () => {
    const queued = told(training(), EVENTS.accepted, EVENTS.queued);
    expect(deciding(queued, EVENTS.queued)).toEqual({ kind: 'ignore', reason: 'nothing-new' });
    const running = told(queued, EVENTS.runningHalf);
    expect(deciding(running, EVENTS.runningHalf)).toEqual({ kind: 'ignore', reason: 'nothing-new' });
    expect(told(running, { kind: 'running', percent: 51 }).avatar?.progress.percent).toBe(51);
    expect(told(queued, { kind: 'queued', position: 1 }).avatar?.progress.queuePosition).toBe(1);
  });
});

describe('a run that is to be cancelled', () => {
  const wished = { state: 'RUNNING', falRequestId: ID, cancelRequested: true } as const;

  test.each([
    ['fails', EVENTS.failed],
    ['cannot be found', EVENTS.abandoned],
    ['is cancelled', EVENTS.cancelledNamed],
  ])('is CANCELLED when it %s', (_what, event) => {
    const trained = told(training(wished, { ...DRAFT, status: 'TRAINING' }), event);
    expect(trained.job).toMatchObject({ state: 'CANCELLED', errorCode: null });
    expect(trained.avatar).toMatchObject({ status: 'CANCELLED', error: null });
    const drawn = told(generating(wished, { status: 'RUNNING', falRequestId: ID }), event);
    expect(drawn.generation).toMatchObject({ status: 'CANCELLED', error: null, completedAt: NOW });
  });

  test('is COMPLETED when it was too late for that', () => {
    const { avatar, job } = told(training(wished, { ...DRAFT, status: 'TRAINING' }), EVENTS.lora);
    expect(job.state).toBe('COMPLETED');
    expect(avatar).toMatchObject({ status: 'COMPLETED', artifact: { value: LORA } });
  });

  test('is not CANCELLED by the failure of another run', () => {
    expect(deciding(training(wished), EVENTS.failedOther)).toEqual({ kind: 'ignore', reason: 'other-run' });
  });
});

describe('a generation', () => {
  test('goes from the queue to its images', () => {
    let world = told(generating(), EVENTS.accepted);
    expect(world.generation).toMatchObject({ status: 'QUEUED', falRequestId: ID });
    world = told(world, EVENTS.running);
    expect(world.generation).toMatchObject({ status: 'RUNNING' });
    world = told(world, EVENTS.images);
    expect(world.generation).toMatchObject({
      status: 'COMPLETED',
      images: [{ url: IMAGES_ANSWER.images[0]?.url, flagged: false }],
      seed: 42,
      falResponseData: IMAGES_ANSWER,
      completedAt: NOW,
    });
  });

  test("keeps its caller's seed where fal names none", () => {
    const images = { ...EVENTS.images, output: { images: IMAGES_ANSWER.images } };
    expect(told(generating({}, { seed: 7 }), EVENTS.accepted, images).generation?.seed).toBe(7);
  });

  test('that was refused leaves no trace', () => {
    expect(deciding(generating(), EVENTS.refused)).toMatchObject({
      generation: 'DELETE',
      job: { state: 'FAILED', errorCode: 'PROVIDER_REJECTED' },
    });
    expect(deciding(generating({}, null), EVENTS.refused)).toMatchObject({ generation: null });
  });

  test.each([
    ['fails', EVENTS.failed, 'PROVIDER_FAILED'],
    ['is lost', EVENTS.abandoned, 'LOST'],
    ['ends without images', EVENTS.lora, 'RESULT_INVALID'],
  ])('that %s says so, and is over', (_what, event, code) => {
    const { generation, job } = told(generating(), EVENTS.accepted, event);
    expect(generation).toMatchObject({ status: 'FAILED', error: { code }, images: null, completedAt: NOW });
    expect(job).toMatchObject({ state: 'FAILED', errorCode: code });
  });

  test('whose submit nobody answered says so until its first word', () => {
    const unknown = told(generating(), EVENTS.unknown);
    expect(unknown.generation).toMatchObject({ status: 'QUEUED', error: { code: 'SUBMIT_OUTCOME_UNKNOWN' } });
    expect(told(unknown, EVENTS.identified).generation).toMatchObject({ error: null, falRequestId: ID });
  });

  test('changes nothing with its place in the queue, which it does not show', () => {
    const world = told(generating(), EVENTS.accepted);
    expect(deciding(world, EVENTS.queued)).toEqual({ kind: 'ignore', reason: 'nothing-new' });
    expect(deciding(told(world, EVENTS.running), EVENTS.runningHalf)).toMatchObject({ kind: 'ignore' });
  });
});

test('the same snapshot, event and time give the same decision, and nothing given is changed', () => {
  const world = Object.freeze(training({ state: 'RUNNING', falRequestId: ID }));
  const before = structuredClone(world);
  expect(deciding(world, EVENTS.lora)).toEqual(deciding(world, EVENTS.lora));
  expect(world).toEqual(before);
});
