import { describe, expect, test } from 'vitest';
import { applyRunEvent } from '../../src/jobs/apply-run-event.ts';
import { avatarRow, jobRow } from '../support/rows.ts';
import { cancelGeneration } from '../../src/jobs/cancel-generation.ts';
import { cancelTraining } from '../../src/jobs/cancel-training.ts';
import { EVENTS, ID } from '../support/run-events.ts';
import { jobsDatabase } from '../support/test-deps.ts';
import { newId } from '../../src/jobs/ids.ts';
import type { RunEvent } from '../../src/domain/run-event.ts';

const { prisma, testDeps } = await jobsDatabase();

const RUNNING = { state: 'RUNNING', falRequestId: ID } as const;
const FAILED = expect.stringContaining('status is FAILED') as string;

/** The dependencies of a cancel at whose moment an event about the job is recorded. */
function depsAtTheEnd(jobId: string, event: RunEvent) {
  const { deps, store } = testDeps();
  const requestCancel = store.requestCancel.bind(store);
  store.requestCancel = async (...of) => {
    await applyRunEvent(deps, jobId, { event, source: 'WEBHOOK' });
    return requestCancel(...of);
  };
  return deps;
}

describe.each([
  ['failed', EVENTS.failed, { refused: { code: 'CONFLICT', message: FAILED } }],
  ['was cancelled', EVENTS.cancelled, { done: {} }],
] as const)('a cancel at the moment at which the run %s tells the end', (_how, event, expected) => {
  test('of a training', async () => {
    const avatarId = newId('avt');
    await prisma.avatar.create({ data: { ...avatarRow(avatarId), status: 'TRAINING', falRequestId: ID } });
    await prisma.job.create({
      data: { ...jobRow('job', avatarId), ...RUNNING, openTrainingAvatarId: avatarId },
    });
    const answer = await cancelTraining(depsAtTheEnd('job', event), 'owner', avatarId);
    expect(answer).toMatchObject(expected);
  });

  test('of a generation', async () => {
    const [avatarId, generationId] = [newId('avt'), newId('gen')];
    await prisma.avatar.create({ data: avatarRow(avatarId) });
    await prisma.generation.create({
      data: { id: generationId, ownerId: 'owner', avatarId, prompt: 'x', numImages: 1, status: 'RUNNING' },
    });
    await prisma.job.create({
      data: { ...jobRow('job', avatarId), ...RUNNING, kind: 'GENERATION', generationId },
    });
    const answer = await cancelGeneration(depsAtTheEnd('job', event), 'owner', generationId);
    expect(answer).toMatchObject(expected);
  });
});
