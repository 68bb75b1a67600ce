import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  StartTrainingDocument,
  StartTrainingUnlessHeldBackDocument,
} from '../../src/generated/contract/graphql.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { photos as archive } from '../support/api-client.ts';
import { photosOfSpots } from '../support/photos.ts';
import { receiptOfDeletion } from '../support/shown-files.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { unzipSync } from 'fflate';

const app = await startTestApp();
afterAll(() => app.close());

const PHOTOS = await photosOfSpots(11);

/** A new avatar with that many photos. */
async function avatarWith(count: number, captions: readonly string[] = []): Promise<string> {
  const { id } = await app.newAvatar();
  const photos = PHOTOS.slice(0, count).map((photo, index) => {
    const caption = captions[index];
    return caption === undefined ? photo : { ...photo, caption };
  });
  const answers = await app.uploadPhotos(id, photos);
  expect(answers.map(({ status }) => status)).toEqual(photos.map(() => 200));
  return id;
}

/** The archive that fal was sent with the latest submit. */
async function lastArchive() {
  const { body } = app.lastSubmit();
  const url = (body as { images_data_url: string }).images_data_url;
  expect(url.startsWith(app.simulator.restUrl)).toBe(true);
  const zip = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return { url, files: unzipSync(zip) };
}

test('a training without a URL uses the accepted photos with their captions, and deletes the whole set after its success', async () => {
  const avatarId = await avatarWith(11, ['[trigger] by a window', 'outdoors']);
  await app.uploadPhotos(avatarId, [{ name: 'notes.jpg', bytes: Buffer.from('no photo') }]);
  const set = await app.photoSet(avatarId);

  expect(await app.train({ avatarId, imagesUrl: null })).toMatchObject({
    status: 'COMPLETED',
    isReady: true,
  });

  const { files } = await lastArchive();
  const names = PHOTOS.map((_, index) => `photo-${String(index + 1).padStart(3, '0')}`);
  expect(Object.keys(files).toSorted()).toEqual(
    [...names.map((name) => `${name}.jpg`), 'photo-001.txt', 'photo-002.txt'].toSorted(),
  );
  expect(new TextDecoder().decode(files['photo-001.txt'])).toBe('[trigger] by a window');
  for (const name of names)
    expect([...(files[`${name}.jpg`]?.subarray(0, 3) ?? [])]).toEqual([0xff, 0xd8, 0xff]);
  await app.restart();
  const watch = app.watchPhotoSet({ avatarId, afterVersion: set?.version ?? 0 });
  await watch.until(({ photos }) => photos.length === 0, 'the photos to be deleted');
});

test('keepPhotos keeps them', async () => {
  const avatarId = await avatarWith(4);
  const training = { avatarId, imagesUrl: null, trainer: 'FLUX_LORA_FAST', keepPhotos: true } as const;
  expect(await app.train(training)).toMatchObject({ status: 'COMPLETED' });
  await app.restart(async ({ pool }) => {
    const { rows } = await pool.query('SELECT delete_after_job_id AS job FROM photos WHERE avatar_id = $1', [
      avatarId,
    ]);
    expect(rows).toEqual([{ job: null }, { job: null }, { job: null }, { job: null }]);
  });
  expect(await app.train(training)).toMatchObject({ status: 'COMPLETED' });
});

test('the receipt of a deletion lists the zip of photos that fal still has', async () => {
  const avatarId = await avatarWith(4);
  const training = { avatarId, imagesUrl: null, trainer: 'FLUX_LORA_FAST', keepPhotos: true } as const;
  const urls: string[] = [];
  for (const _ of [1, 2]) {
    await app.train(training);
    urls.push((await lastArchive()).url);
  }
  await app.train({ ...training, imagesUrl: archive(), keepPhotos: null });
  const [expired = '', kept = ''] = urls;
  await app.restart(async ({ pool }) => {
    const age = `UPDATE jobs SET created_at = now() - interval '49 hours' WHERE photos_url = $1`;
    expect((await pool.query(age, [expired])).rowCount).toBe(1);
  });

  const { atFal } = await receiptOfDeletion(app, avatarId);

  const [first, ...others] = atFal;
  expect(first?.url).toBe(kept);
  expect(Math.round((Date.parse(first?.until ?? '') - Date.now()) / 3_600_000)).toBe(48);
  expect(others.map(({ url }) => url)).not.toContain(expired);
  // LoRA and configuration of three trainings.
  expect(others).toHaveLength(6);
  await app.restart(async ({ pool }) => {
    const { rows } = await pool.query(
      'SELECT 1 FROM jobs WHERE photos_url IS NOT NULL AND avatar_id IS NULL',
    );
    expect(rows).toEqual([]);
  });
});

test('keepPhotos beside imagesUrl, whose photos are not the avatar’s, is refused', async () => {
  const { id: avatarId } = await app.newAvatar();
  const input = { avatarId, imagesUrl: archive(), keepPhotos: true };
  const startTraining = await app.mutate(StartTrainingDocument, input);
  expect(startTraining).toMatchObject({
    code: 'INVALID_INPUT',
    message: 'keepPhotos: expected no value together with imagesUrl, got true.',
  });
  expect(await app.avatar(avatarId)).toMatchObject({ status: 'DRAFT' });
});

test('a training with too few photos is refused before an upload, also as a dry run', async () => {
  const avatarId = await avatarWith(1);
  const submits = app.simulator.requests().length;
  for (const dryRun of [false, true]) {
    const { data } = await app.ask(StartTrainingDocument, { input: { avatarId, dryRun } });
    expect(data?.startTraining).toEqual({
      __typename: 'InvalidInputError',
      code: 'INVALID_INPUT',
      message:
        'imagesUrl: expected a URL, or at least 10 accepted photos of the avatar, got 1. 9 more are missing: upload them with createPhotoUploads.',
    });
  }
  expect(app.simulator.requests()).toHaveLength(submits);
});

test('a repeated call with the same key uploads and starts nothing, also when the photos have changed', async () => {
  const avatarId = await avatarWith(4);
  const training = { avatarId, imagesUrl: null, trainer: 'FLUX_LORA_FAST', idempotencyKey: 'once' } as const;
  const first = await app.startTraining(training);
  const { url } = await lastArchive();
  await app.uploadPhotos(avatarId, PHOTOS.slice(4, 5));
  const again = await app.startTraining(training);
  expect(again.falRequestId).toBe(first.falRequestId);
  await app.settled(avatarId);
  expect((await lastArchive()).url).toBe(url);
  const { data } = await app.ask(StartTrainingDocument, { input: { ...training, steps: 7 } });
  expect(data?.startTraining).toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
});

describe('with a proxy before fal’s storage', () => {
  let storage: FaultProxy;
  let proxied: TestApp;
  beforeAll(async () => {
    storage = await startFaultProxy(app.simulator.restUrl);
    proxied = await startTestApp({ env: { FAL_REST_URL: storage.url } });
  });
  afterAll(async () => {
    await proxied.close();
    await storage.close();
  });
  const uploads = () => storage.requests.filter(({ path }) => path.includes('initiate')).length;

  /** The training of a new avatar with enough photos. */
  async function newTraining() {
    const { id: avatarId } = await proxied.newAvatar();
    await proxied.uploadPhotos(avatarId, PHOTOS.slice(0, 4));
    return { avatarId, trainer: 'FLUX_LORA_FAST' } as const;
  }

  test('calls at once upload the photos once', async () => {
    const input = await newTraining();
    // A run that ended meanwhile would leave room for the next.
    proxied.simulator.program({ scenario: 'stuck-in-queue', times: 1 });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => proxied.ask(StartTrainingDocument, { input })),
    );
    const codes = answers.map(({ data }) => {
      const result = data?.startTraining;
      return result !== undefined && 'code' in result ? result.code : 'started';
    });
    expect(codes.toSorted()).toEqual([...Array.from({ length: 4 }, () => 'CONFLICT'), 'started']);
    expect(uploads()).toBe(1);
  });

  test('while the circuit breaker is open no photo is uploaded, and a probe uploads them once', async () => {
    proxied.log.expectError('circuit breaker open: fal refuses our key or account');
    const input = await newTraining();
    const refused = { avatarId: input.avatarId, imagesUrl: archive('submit-401') };
    expect(await proxied.mutate(StartTrainingDocument, refused)).toMatchObject({ code: 'PROVIDER_REJECTED' });
    const [submits, uploaded] = [proxied.simulator.requests().length, uploads()];

    const { data } = await proxied.ask(StartTrainingUnlessHeldBackDocument, { input });

    expect(data?.startTraining).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', reason: 'KEY_REFUSED' });
    expect(uploads()).toBe(uploaded);
    expect(proxied.simulator.requests()).toHaveLength(submits);
    await proxied.restart(async ({ pool }) => {
      await pool.query(`UPDATE submit_stops SET next_probe_at = now()`);
    });
    expect(await proxied.mutate(StartTrainingDocument, input)).toHaveProperty('avatar');
    expect(uploads()).toBe(uploaded + 1);
    expect(await proxied.metric('likeness_submits_stopped')).toBe(0);
  });

  test('when the storage cannot be reached, nothing is started, and the photos stay', async () => {
    const input = await newTraining();
    const submits = proxied.simulator.requests().length;
    await storage.close();
    const { data } = await proxied.ask(StartTrainingDocument, { input });
    expect(data?.startTraining).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(proxied.simulator.requests()).toHaveLength(submits);
    expect(await proxied.avatarNow(input.avatarId)).toMatchObject({ status: 'DRAFT', error: null });
    expect(await proxied.photoSet(input.avatarId)).toMatchObject({ accepted: 4 });
  });
});
