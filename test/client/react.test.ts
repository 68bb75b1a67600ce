import { createElement as h, StrictMode, useEffect, type ReactElement } from 'react';
import { afterAll, afterEach, expect, test } from 'vitest';
import {
  LikenessProvider,
  useAvatar,
  useGeneration,
  usePhotoSet,
  useUpload,
  type UseUpload,
} from '../../packages/client/src/react.ts';
import { LikenessError } from '../../packages/client/src/client.ts';
import { eventually } from '../support/eventually.ts';
import { openPage } from '../support/page.mjs';
import { photos } from '../support/api-client.ts';
import { photosOfSpots } from '../support/photos.ts';
import { quickClient } from '../support/quick-client.ts';
import { startGateway } from '../support/gateway.ts';
import { startTestApp } from '../support/test-app.ts';

const app = await startTestApp();
const gateway = await startGateway(app.url);
const page = await openPage();
afterEach(async () => {
  await page.leave();
  await eventually('the page to leave no connection', () => gateway.open.webSockets === 0);
  gateway.upgrades = 0;
});
afterAll(async () => {
  await page.close();
  await gateway.close();
  await app.close();
});

type Live = ReturnType<typeof useAvatar | typeof useGeneration>;

function shown({ isLoading, isDeleted, error, ...state }: Live): string {
  if (error !== null) return error instanceof LikenessError ? error.code : error.message;
  if (isDeleted) return 'deleted';
  if (isLoading) return 'loading';
  const row = 'avatar' in state ? state.avatar : state.generation;
  return row === null ? 'nothing' : row.status;
}

/** What each render of an avatar showed: the id that was asked for, and the id of the row. */
const renders: (readonly [asked: string | null, given: string | undefined])[] = [];

function AvatarCard({ id }: { readonly id: string | null }): ReactElement {
  const live = useAvatar(id);
  renders.push([id, live.avatar?.id]);
  return h('p', null, shown(live));
}

function GenerationCard({ id }: { readonly id: string }): ReactElement {
  return h('p', null, shown(useGeneration(id)));
}

const client = quickClient(gateway.url);
const inApp = (...children: ReactElement[]) =>
  h(StrictMode, null, h(LikenessProvider, { client }, ...children));

const pageShows = (text: string) => expect.poll(() => page.text()).toBe(text);

test('an avatar is shown live, over one WebSocket, also under StrictMode', async () => {
  const [{ id }, other] = [await app.newAvatar(), await app.newAvatar()];
  page.render(inApp(h(AvatarCard, { id }), h(AvatarCard, { id: other.id })));
  await pageShows('DRAFTDRAFT');

  await app.startTraining({ avatarId: id });
  await pageShows('COMPLETEDDRAFT');

  expect(gateway.upgrades).toBe(1);
  expect(page.errors).toEqual([]);
});

test('another id never shows the avatar of the id before', async () => {
  const [first, second] = [await app.trainedAvatar(), await app.newAvatar()];
  renders.length = 0;
  page.render(inApp(h(AvatarCard, { id: first.id })));
  await pageShows('COMPLETED');
  page.render(inApp(h(AvatarCard, { id: second.id })));
  await pageShows('DRAFT');
  page.render(inApp(h(AvatarCard, { id: first.id })));
  await pageShows('COMPLETED');

  expect(renders.filter(([asked, given]) => given !== undefined && given !== asked)).toEqual([]);
});

test('nothing is rendered after a component has left', async () => {
  const { id } = await app.newAvatar();
  page.render(inApp(h(AvatarCard, { id })));
  await pageShows('DRAFT');
  page.render(inApp());
  await pageShows('');
  const count = renders.length;

  await app.train({ avatarId: id });

  expect(renders).toHaveLength(count);
  expect(page.errors).toEqual([]);
});

test('deleted and unknown avatars are told apart', async () => {
  const { id } = await app.newAvatar();
  page.render(inApp(h(AvatarCard, { id })));
  await pageShows('DRAFT');
  await app.deleteAvatar(id);
  await pageShows('deleted');

  page.render(inApp(h(AvatarCard, { id: 'avt_1' })));
  await pageShows('NOT_FOUND');
});

test('without an id nothing is watched', async () => {
  page.render(inApp(h(AvatarCard, { id: null })));
  await pageShows('nothing');
  expect(gateway.upgrades).toBe(0);
});

test('a generation is shown until its images are there', async () => {
  const { id: avatarId } = await app.trainedAvatar({ trainingType: 'STYLE' });
  const { id } = await app.generate({ avatarId, prompt: 'tea [[slow]]' });
  page.render(inApp(h(GenerationCard, { id })));
  await pageShows('COMPLETED');
});

test('a server renders the loading state, connects to nothing, and the page takes over', async () => {
  const { id } = await app.newAvatar();
  const html = page.renderOnServer(inApp(h(AvatarCard, { id })));
  expect(html).toBe('<p>loading</p>');
  expect(gateway.upgrades).toBe(0);

  page.hydrate(html, inApp(h(AvatarCard, { id })));
  await pageShows('DRAFT');
  await app.startTraining({ avatarId: id, imagesUrl: photos() });
  await pageShows('COMPLETED');
  expect(page.errors).toEqual([]);
});

test('photos are uploaded with their progress, and leaving cancels the uploads', async () => {
  const { id } = await app.newAvatar();
  const files = (await photosOfSpots(2)).map(({ name, bytes }) => new File([new Uint8Array(bytes)], name));
  let live: UseUpload | undefined;
  let effects = 0;
  const Uploads = () => {
    live = useUpload(id);
    useEffect(() => void (effects += 1), []);
    const { isUploading, progress, error } = live;
    return h('p', null, `${isUploading} ${progress?.photos.length} ${error?.message}`);
  };
  page.render(inApp(h(Uploads)));
  await pageShows('false undefined undefined');
  // StrictMode runs the effects twice, and what the hook's cleanup in between ends is nobody's upload.
  await expect.poll(() => effects).toBe(2);

  const uploaded = await live?.upload(files);
  expect(uploaded).toMatchObject([{ state: 'ACCEPTED' }, { state: 'ACCEPTED' }]);
  await pageShows('false 2 undefined');
  expect(await live?.upload(Array.from({ length: 61 }, () => new File(['x'], 'x')))).toEqual([]);
  await expect.poll(() => page.text()).toMatch(/^false undefined \w/);

  const cancelled = live?.upload(files);
  await page.leave();
  expect(await cancelled).toEqual([]);
  expect(page.errors).toEqual([]);
});

test('a hook outside a provider says so', () => {
  expect(() => page.renderOnServer(h(AvatarCard, { id: 'avt_1' }))).toThrow('LikenessProvider');
});

test('the photos of an avatar are shown live', async () => {
  const { id } = await app.newAvatar();
  function Photos(): ReactElement {
    const { photoSet, isLoading } = usePhotoSet(id);
    return h('p', null, isLoading ? 'loading' : `${photoSet?.accepted} accepted`);
  }
  page.render(inApp(h(Photos)));
  await pageShows('0 accepted');
  await app.uploadPhotos(id, await photosOfSpots(1));
  await pageShows('1 accepted');
});
