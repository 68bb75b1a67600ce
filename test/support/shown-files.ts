import { eventually } from './eventually.ts';
import { TypedDocumentString } from '../../src/generated/contract/graphql.ts';
import type { ApiClient } from './api-client.ts';
import type { CallOptions } from './graphql-call.ts';
import { lastRunAt, okFor } from './runs-at-fal.ts';
import type { Simulator } from '@likeness/fal-simulator';

export type ShownImage = {
  readonly url: string;
  readonly originalUrl: string;
  readonly size: number | null;
  readonly sha256: string | null;
};

type Shown = {
  readonly generation: {
    readonly version: number;
    readonly status: string;
    readonly imageUrl: string | null;
    readonly images: readonly ShownImage[];
  } | null;
};

const IMAGES = new TypedDocumentString<Shown, { id: string }>(
  'query ($id: ID!) { generation(id: $id) { version status imageUrl images { url originalUrl size sha256 } } }',
);

/** A generation with what is known of its files. */
export async function shownImages(app: ApiClient, id: string) {
  const { generation } = await app.execute(IMAGES, { id });
  if (generation === null) throw new Error(`There is no generation ${id}`);
  return generation;
}

/** The same, once all of its images are copied. */
export function copiedImages(app: ApiClient, id: string) {
  return eventually(`the images of ${id} to be copied`, async () => {
    const generation = await shownImages(app, id);
    return generation.images.every(({ sha256 }) => sha256 !== null) ? generation : null;
  });
}

type ShownPhotos = {
  readonly photoSet: {
    readonly photos: readonly { readonly id: string; readonly state: string; readonly url: string | null }[];
  } | null;
};

const PHOTOS = new TypedDocumentString<ShownPhotos, { avatarId: string }>(
  'query ($avatarId: ID!) { photoSet(avatarId: $avatarId) { photos { id state url } } }',
);

/** The photos of an avatar with their URLs. */
export async function shownPhotos(app: ApiClient, avatarId: string, options?: CallOptions) {
  const { photoSet } = await app.execute(PHOTOS, { avatarId }, options);
  if (photoSet === null) throw new Error(`There are no photos of ${avatarId}`);
  return photoSet.photos;
}

/** Status and code of a refused file or photo. */
export async function codeOf(answer: Response): Promise<[status: number, code: unknown]> {
  const { code } = (await answer.json()) as { readonly code?: unknown };
  return [answer.status, code];
}

type Deleted = {
  readonly deleteAvatar: {
    readonly receipt: {
      readonly generations: number;
      readonly trainings: number;
      readonly photos: number;
      readonly files: number;
      readonly bytes: number;
      readonly filesLeft: number;
      readonly atFal: readonly { readonly url: string; readonly until: string | null }[];
    };
  };
};
const DELETE = new TypedDocumentString<Deleted, { id: string }>(
  `mutation ($id: ID!) { deleteAvatar(input: { avatarId: $id }) { ... on DeleteAvatarPayload {
    receipt { generations trainings photos files bytes filesLeft atFal { url until } } } } }`,
);

/** Deletes an avatar, with the receipt of it. */
export async function receiptOfDeletion(app: ApiClient, id: string) {
  return (await app.execute(DELETE, { id })).deleteAvatar.receipt;
}

/** A generation that fal completes with images at these addresses. */
export async function generationWith(
  app: Pick<ApiClient, 'generate'> & { readonly simulator: Simulator },
  avatarId: string,
  urls: readonly string[],
): Promise<string> {
  const { id } = await app.generate({ avatarId, prompt: 'tea [[stuck-in-queue]]' });
  const run = lastRunAt(app.simulator);
  const payload = { images: urls.map((url) => ({ url })), seed: 1 };
  const status = await app.simulator.deliver({ ...run, body: okFor(run.requestId, payload) });
  if (status !== 200) throw new Error(`The webhook was answered ${status}`);
  return id;
}
