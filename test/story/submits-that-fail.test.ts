import { afterAll, describe, expect, test } from 'vitest';
import {
  AvatarsDocument,
  CancelTrainingDocument,
  GenerateImageDocument,
  StartTrainingDocument,
  UnknownOutcomeDocument,
  type ErrorCode,
} from '../../src/generated/contract/graphql.ts';
import { photos } from '../support/api-client.ts';
import { okFor } from '../support/runs-at-fal.ts';
import { startTestApp } from '../support/test-app.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

// The kit objects to the key in any answer and any line of the log.
const app = await startTestApp();
afterAll(() => app.close());

const style = await app.trainedAvatar({ trainingType: 'STYLE' });

/** Those after which fal may be asked again at once; the others are in submits-held-back. */
const REFUSALS: [scenario: ScenarioName, code: ErrorCode, words: string][] = [
  ['submit-422', 'PROVIDER_REJECTED', 'The request was refused'],
  ['submit-500', 'PROVIDER_UNAVAILABLE', 'Internal server error'],
  ['submit-503', 'PROVIDER_UNAVAILABLE', 'Service unavailable'],
];

/** Asks for a training and gives what was refused, with how many requests fal got. */
async function refusedTraining(avatarId: string, imagesUrl: string) {
  const before = app.simulator.requests().length;
  const result = await app.mutate(StartTrainingDocument, { avatarId, imagesUrl });
  if (!('code' in result)) throw new Error(`Not refused: ${JSON.stringify(result)}`);
  return { ...result, submits: app.simulator.requests().length - before };
}

describe.each(REFUSALS)('when fal answers %s', (scenario, code, words) => {
  test('a training is refused with fal’s words, asked for once, and the avatar is exactly as it was', async () => {
    for (const { id } of [await app.newAvatar(), style]) {
      const before = await app.avatarNow(id);

      const refusal = await refusedTraining(id, photos(scenario));

      expect(refusal).toMatchObject({ code, submits: 1 });
      expect(refusal.message).toContain(words);
      expect(await app.avatarNow(id)).toEqual(before);
    }
  });

  test('a generation is refused and leaves nothing behind', async () => {
    const input = { avatarId: style.id, prompt: `tea [[${scenario}]]` };

    const result = await app.mutate(GenerateImageDocument, input);

    expect(result).toMatchObject({ code });
    const { avatars } = await app.execute(AvatarsDocument, { first: 100 });
    const [own] = avatars.edges.filter(({ node }) => node.id === style.id);
    expect(own?.node.generations.edges).toEqual([]);
  });
});

test('a refused training can be asked for again at once', async () => {
  const { id } = await app.newAvatar();
  await refusedTraining(id, photos('submit-503'));

  await app.startTraining({ avatarId: id });

  expect(await app.settled(id)).toMatchObject({ status: 'COMPLETED' });
});

test('when fal refuses a trainer it gave up, the message names another', async () => {
  const refusal = await refusedTraining(style.id, photos('submit-422'));

  expect(refusal.message).toContain('FLUX_LORA_FAST');
});

const UNKNOWN: ScenarioName[] = ['lost-answer', 'cut-answer', 'html', 'no-request-id', 'bad-request-id'];

describe.each([...UNKNOWN, 'submit-504', 'submit-502'] as const)(
  'when the submit’s answer is %s',
  (scenario) => {
    test('the outcome is shown as unknown, and nothing is sent a second time', async () => {
      const { id } = await app.newAvatar();
      const before = app.simulator.requests().length;

      const unknown = await app.startTraining({ avatarId: id, imagesUrl: photos(scenario, 'silent') });

      expect(unknown).toMatchObject({ status: 'QUEUED', isReady: false, falRequestId: null });
      expect(unknown.error?.code).toBe('SUBMIT_OUTCOME_UNKNOWN');
      const { avatar: shown } = await app.execute(UnknownOutcomeDocument, { id });
      for (const error of [shown?.error, shown?.trainings.edges[0]?.node.error]) {
        expect((Date.parse(String(error?.waitsUntil)) - Date.now()) / 3_600_000).toBeCloseTo(6, 1);
      }
      const second = await app.mutate(StartTrainingDocument, { avatarId: id, imagesUrl: photos() });
      expect(second).toMatchObject({ code: 'CONFLICT' });
      expect(app.simulator.requests()).toHaveLength(before + 1);
      await app.cancelTraining(id);
      expect(await app.avatarNow(id)).toMatchObject({ status: 'CANCELLED', error: null });
    });
  },
);

describe.each(UNKNOWN)('a run whose submit was answered by %s', (scenario) => {
  test('is adopted by its webhook', async () => {
    const { id } = await app.newAvatar();
    const imagesUrl = `${photos(scenario)}&of=${id}`;

    await app.startTraining({ avatarId: id, imagesUrl });

    const done = await app.settled(id);
    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, error: null });
    expect(app.submitsOf(imagesUrl).map(({ requestId }) => requestId)).toEqual([done.falRequestId]);
  });
});

test('a submit with unknown outcome can be cancelled, and what then comes of it is ignored', async () => {
  const { id } = await app.newAvatar();
  const unknown = await app.startTraining({
    avatarId: id,
    imagesUrl: photos('lost-answer', 'stuck-in-queue'),
  });
  expect(unknown.error?.code).toBe('SUBMIT_OUTCOME_UNKNOWN');
  const run = app.lastRun();

  const cancelTraining = await app.mutate(CancelTrainingDocument, { avatarId: id });

  expect(cancelTraining).toMatchObject({ avatar: { status: 'CANCELLED', error: null } });
  const cancelled = await app.avatarNow(id);
  await app.deliver(run, okFor(run.requestId));
  expect(await app.avatarNow(id)).toEqual(cancelled);
});

// Last, because from here on there is no fal.
test('when fal cannot be reached at all, nothing was started and nothing changed', async () => {
  await app.simulator.close();
  for (const { id } of [await app.newAvatar(), style]) {
    const before = await app.avatarNow(id);

    expect(await refusedTraining(id, photos())).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });

    expect(await app.avatarNow(id)).toEqual(before);
  }
  const input = { avatarId: style.id, prompt: 'tea' };
  const result = await app.mutate(GenerateImageDocument, input);
  expect(result).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
});
