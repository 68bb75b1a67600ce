import { afterAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { photos } from '../support/api-client.ts';
import { startTestApp } from '../support/test-app.ts';
import { NEVER_POLL } from '../support/test-simulator.ts';
import type { ScenarioName } from '@likeness/fal-simulator';

// Nothing is polled here: what ends a run is its webhook.
const app = await startTestApp({ env: NEVER_POLL });
afterAll(() => app.close());

const FACE = 'Could not detect a face in the training images';
const FLAGGED = 'flagged by a content checker';

describe('a training ends with a webhook that', () => {
  test.each<[says: string, scenarios: ScenarioName[]]>([
    ['is OK with a payload', []],
    ['is OK without a payload: the result is fetched', ['null-payload']],
    ['has the old form: completed with a result', ['legacy']],
    ['names another attempt of the same run', ['requeue']],
  ])('%s', async (_says, scenarios) => {
    const { id } = await app.newAvatar();

    const done = await app.train({ avatarId: id, imagesUrl: photos(...scenarios) });

    expect(done).toMatchObject({ status: 'COMPLETED', isReady: true, error: null });
    expect(done.falResponseData).toMatchObject({ diffusers_lora_file: { url: done.diffusersLoraFileUrl } });
    expect(await statusesFor(done.falRequestId)).toEqual([200]);
  });

  test.each<[says: string, scenarios: ScenarioName[], message: string]>([
    ['is ERROR with a list of faults', ['fail'], FACE],
    ['is ERROR with a plain reason', ['fail-plain'], FACE],
    ['is ERROR without a payload', ['error-null'], 'Invalid status code: 422'],
    ['has the old form: failed with an error', ['fail', 'legacy'], FACE],
  ])('%s', async (_says, scenarios, message) => {
    const { id } = await app.newAvatar();

    const done = await app.train({ avatarId: id, imagesUrl: photos(...scenarios) });

    expect(done).toMatchObject({ status: 'FAILED', isReady: false, diffusersLoraFileUrl: null });
    expect(done.error?.code).toBe('PROVIDER_FAILED');
    expect(done.error?.message).toContain(message);
    expect(done.falResponseData).not.toBeNull();
    expect(await statusesFor(done.falRequestId)).toEqual([200]);
  });
});

// Its pictures are the quickest to draw.
const { id } = await app.trainedAvatar({ trainingType: 'STYLE' });

describe('a generation ends with a webhook that', () => {
  test.each<[says: string, scenarios: ScenarioName[]]>([
    ['is OK with a payload', []],
    ['is OK without a payload: the result is fetched', ['null-payload']],
    ['has the old form: completed with a result', ['legacy']],
  ])('%s', async (_says, scenarios) => {
    const image = await app.generate({ avatarId: id, prompt: `tea ${bent(scenarios)}`, waitSeconds: 20 });

    expect(image).toMatchObject({ status: 'COMPLETED', error: null });
    expect(image.images).toHaveLength(1);
  });

  test.each<[says: string, scenarios: ScenarioName[], message: string]>([
    ['is ERROR with a list of faults', ['fail'], FLAGGED],
    ['is ERROR without a payload', ['error-null'], 'Invalid status code: 422'],
    ['has the old form: failed with an error', ['fail', 'legacy'], FLAGGED],
  ])('%s', async (_says, scenarios, message) => {
    const image = await app.generate({ avatarId: id, prompt: `tea ${bent(scenarios)}`, waitSeconds: 20 });

    expect(image).toMatchObject({ status: 'FAILED', images: [], error: { code: 'PROVIDER_FAILED' } });
    expect(image.error?.message).toContain(message);
  });
});

/** How the server answered every delivery about a run, once the last one has been answered. */
function statusesFor(requestId: string | null): Promise<(number | null)[]> {
  return eventually('the webhook to be answered', () => {
    const deliveries = app.simulator.deliveries().filter((delivery) => delivery.requestId === requestId);
    const isOver = deliveries.length > 0 && deliveries.every(({ result }) => result !== 'under way');
    return isOver ? deliveries.map(({ status }) => status) : null;
  });
}

function bent(scenarios: readonly ScenarioName[]): string {
  return scenarios.length === 0 ? '' : `[[${scenarios.join(',')}]]`;
}
