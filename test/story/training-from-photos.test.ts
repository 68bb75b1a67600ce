import { afterAll, describe, expect, test } from 'vitest';
import {
  StartTrainingDocument,
  StartTrainingUnlessHeldBackDocument,
  TypedDocumentString,
} from '../../src/generated/contract/graphql.ts';
import { freePort } from '../support/free-port.ts';
import { startFaultProxy } from '../support/fault-proxy.ts';
import { photos as archive } from '../support/api-client.ts';
import { photosOfSpots } from '../support/photos.ts';
import { startTestApp } from '../support/test-app.ts';
import { unzipSync } from 'fflate';

const app = await startTestApp();
afterAll(() => app.close());

const PHOTOS = await photosOfSpots(11);

type Receipt = {
  readonly deleteAvatar: {
    readonly receipt: { readonly atFal: readonly { readonly url: string; readonly until: string | null }[] };
  };
};
const DELETE = new TypedDocumentString<Receipt, { id: string }>(
  `mutation ($id: ID!) { deleteAvatar(input: { avatarId: $id }) { ... on DeleteAvatarPayload {
    receipt { atFal { url until } } } } }`,
);

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
  const watch = app.watchPhotoSet({ avatarId, afterVersion: set?.version ?? 0 });

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

  const { deleteAvatar } = await app.execute(DELETE, { id: avatarId });

  const [first, ...others] = deleteAvatar.receipt.atFal;
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

describe('a training is refused before an upload', () => {
  const requests = () => app.simulator.requests().length;

  test.each([false, true])('with too few photos, also as a dry run (%s)', async (dryRun) => {
    const avatarId = await avatarWith(7);
    const before = requests();
    const { data } = await app.ask(StartTrainingDocument, { input: { avatarId, dryRun } });
    expect(data?.startTraining).toEqual({
      __typename: 'InvalidInputError',
      code: 'INVALID_INPUT',
      message:
        'imagesUrl: expected a URL, or at least 10 accepted photos of the avatar, got 7. 3 more are missing: upload them with createPhotoUploads.',
    });
    expect(requests()).toBe(before);
  });
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

test('when fal’s storage cannot be reached, nothing is started, and the photos stay', async () => {
  const broken = await startTestApp({ env: { FAL_REST_URL: `http://127.0.0.1:${await freePort()}` } });
  try {
    const { id: avatarId } = await broken.newAvatar();
    await broken.uploadPhotos(avatarId, PHOTOS.slice(0, 4));
    const input = { avatarId, trainer: 'FLUX_LORA_FAST' } as const;
    const { data } = await broken.ask(StartTrainingDocument, { input });
    expect(data?.startTraining).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
    expect(broken.simulator.requests()).toEqual([]);
    expect(await broken.avatarNow(avatarId)).toMatchObject({ status: 'DRAFT', error: null });
    expect(await broken.photoSet(avatarId)).toMatchObject({ accepted: 4 });
  } finally {
    await broken.close();
  }
});

test('while the circuit breaker is open no photo is uploaded, and a probe uploads them once', async () => {
  const rest = await startFaultProxy(app.simulator.restUrl);
  const held = await startTestApp({ env: { FAL_REST_URL: rest.url } });
  const uploads = () => rest.requests.filter(({ path }) => path.includes('initiate')).length;
  try {
    held.log.expectError('circuit breaker open: fal refuses our key or account');
    const { id: avatarId } = await held.newAvatar();
    await held.uploadPhotos(avatarId, PHOTOS.slice(0, 4));
    const input = { avatarId, trainer: 'FLUX_LORA_FAST' } as const;
    const refused = { avatarId, imagesUrl: archive('submit-401') };
    expect(await held.mutate(StartTrainingDocument, refused)).toMatchObject({ code: 'PROVIDER_REJECTED' });
    const submits = held.simulator.requests().length;

    const { data } = await held.ask(StartTrainingUnlessHeldBackDocument, { input });

    expect(data?.startTraining).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', reason: 'KEY_REFUSED' });
    expect(uploads()).toBe(0);
    expect(held.simulator.requests()).toHaveLength(submits);
    await held.restart(async ({ pool }) => {
      await pool.query(`UPDATE submit_stops SET next_probe_at = now()`);
    });
    expect(await held.mutate(StartTrainingDocument, input)).toHaveProperty('avatar');
    expect(uploads()).toBe(1);
    expect(await held.metric('likeness_submits_stopped')).toBe(0);
  } finally {
    await held.close();
    await rest.close();
  }
});

test('calls at once upload the photos once', async () => {
  const rest = await startFaultProxy(app.simulator.restUrl);
  const other = await startTestApp({ env: { FAL_REST_URL: rest.url } });
  try {
    const { id: avatarId } = await other.newAvatar();
    await other.uploadPhotos(avatarId, PHOTOS.slice(0, 4));
    const input = { avatarId, trainer: 'FLUX_LORA_FAST' } as const;
    // A run that ended meanwhile would leave room for the next.
    other.simulator.program({ scenario: 'stuck-in-queue', times: 1 });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => other.ask(StartTrainingDocument, { input })),
    );
    const codes = answers.map(({ data }) => {
      const result = data?.startTraining;
      return result !== undefined && 'code' in result ? result.code : 'started';
    });
    expect(codes.toSorted()).toEqual([...Array.from({ length: 4 }, () => 'CONFLICT'), 'started']);
    expect(rest.requests.filter(({ path }) => path.includes('initiate'))).toHaveLength(1);
  } finally {
    await other.close();
    await rest.close();
  }
});
