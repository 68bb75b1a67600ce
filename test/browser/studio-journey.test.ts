import { join } from 'node:path';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { enough, mixed, StudioSteps } from '../support/studio-steps.ts';
import { eventually } from '../support/eventually.ts';
import { startBrowser } from '../support/browser.ts';
import { startStack } from '../support/stack.ts';

const browser = await startBrowser();
const stack = await startStack();
afterAll(() => stack.close());
const url = stack.balancer.url;
const origins = [url, new URL(stack.simulator.restUrl).origin];

/** Where each frame of the contact sheet is. */
const PLACES = `JSON.stringify([...document.querySelectorAll('.shot')].map((frame) => frame.getBoundingClientRect()))`;
const ALTS = `[...document.querySelectorAll('.shot-frame img')].map(({ alt }) => alt)`;

async function openStudio() {
  const opened = await browser.newPage({ origins, reducedMotion: 'reduce' });
  return { ...opened, steps: new StudioSteps(opened.page, url) };
}

test('goes from dropped photos to an image, and keeps its state after a reload', async () => {
  const { page, steps, screenshot } = await openStudio();
  await steps.open();
  await page
    .getByRole('link', { name: /Create your first avatar|New avatar/ })
    .first()
    .click();
  await page.getByLabel('Who is it?').fill('Ada');
  await page.getByRole('button', { name: 'Continue to photos' }).click();
  await page.getByText('10 needed').waitFor();
  expect(await steps.trainButton.isDisabled()).toBe(true);

  await steps.drop(await enough(stack));
  await steps.enoughPhotos();
  await page.getByText('About $', { exact: false }).waitFor();
  await screenshot('ready to train');
  await steps.train();
  await steps.trained();

  await steps.make('in a greenhouse', 2);
  await steps.images('in a greenhouse', 2);
  await screenshot('gallery');

  await page.getByRole('link', { name: 'in a greenhouse (1 of 2)', exact: true }).click();
  const viewer = page.getByRole('dialog', { name: 'Image: in a greenhouse' });
  await viewer.getByText('1 / 2').waitFor();
  await page.keyboard.press('ArrowRight');
  await viewer.getByText('2 / 2').waitFor();
  const place = page.url();
  await page.reload();
  await viewer.getByText('2 / 2').waitFor();
  expect(page.url()).toBe(place);
  await page.keyboard.press('Escape');
  await viewer.waitFor({ state: 'detached' });
});

test('shows a verdict for each photo, and removes a photo', async () => {
  const { page, steps, forgive } = await openStudio();
  // The answer to a photo that is refused.
  forgive(/status of 422/);
  await steps.createAvatar('Bo');
  await steps.choose(await mixed());
  await steps.photo('notes.jpg').getByText('Not an image').waitFor();
  await steps.photo('small.jpg').getByText('Too small').waitFor();
  await steps.photo('blurred.jpg').getByText('Blurred', { exact: true }).waitFor();
  await page.getByText('Same photo twice').waitFor();
  await page.getByText('2 accepted').waitFor();
  expect(await steps.trainButton.isDisabled()).toBe(true);

  await page.getByRole('button', { name: 'Remove notes.jpg' }).click();
  await steps.photo('notes.jpg').waitFor({ state: 'detached' });
  await page.reload();
  await steps.photo('small.jpg').getByText('Too small').waitFor();
  expect(await steps.photo('notes.jpg').count()).toBe(0);
});

test('shows accepted photos after a reload, and none moves the page when it loads', async () => {
  const { page, steps, screenshot, forgive } = await openStudio();
  forgive(/status of 422/);
  await steps.createAvatar('Noa');
  await steps.choose([...(await enough(stack)), ...(await mixed()).slice(-1)]);
  await page.getByText('10 accepted').waitFor();
  await steps.photosLoaded(10, 'blob:');
  await steps.photo('notes.jpg').getByText('Not an image').waitFor();

  // Held back, to measure the page before they are there.
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/files/*', (route) => held.then(() => route.continue()));
  await page.reload();
  await steps.photo('notes.jpg').getByText('Not an image').waitFor();
  await page.evaluate('document.fonts.ready.then(() => null)');
  const before = await page.evaluate<string>(PLACES);
  release();
  await steps.photosLoaded(10, `${url}/files/`);
  expect(await page.evaluate(PLACES)).toBe(before);
  await screenshot('photos after a reload');
  expect(await page.evaluate(ALTS)).toEqual((await enough(stack)).map(({ name }) => name));
  expect(await page.locator('.shot-frame img[loading=lazy]').count()).toBe(10);
});

test('replaces expired URLs of photos, with one call for all', async () => {
  const { page, steps, forgive } = await openStudio();
  forgive(/status of 410/);
  const photos = await enough(stack);
  await steps.createAvatar('Oda');
  await steps.choose(photos);
  await page.getByText('10 accepted').waitFor();
  await page.route('**/files/*', (route) => route.fulfill({ status: 410 }));
  await page.route('**/files/*?new', (route) => route.continue());
  let failures = 0;
  page.on('response', (response) => (failures += response.status() === 410 ? 1 : 0));
  let calls = 0;
  await page.route('**/graphql', async (route) => {
    if (!(route.request().postData() ?? '').includes('PhotoSetOf')) return route.continue();
    calls += 1;
    await eventually('all photos to fail', () => (failures === photos.length ? true : null));
    const answer = await route.fetch();
    const body = (await answer.text()).replaceAll(/\/files\/[\w-]+/g, '$&?new');
    return route.fulfill({ response: answer, body });
  });
  await page.reload();
  await steps.photosLoaded(photos.length, `${url}/files/`);
  expect(calls).toBe(1);
});

test('takes the images of a dropped folder and its subfolders', async () => {
  const { page, steps, forgive } = await openStudio();
  forgive(/status of 422/);
  await steps.createAvatar('Bea');
  const folder = await mkdtemp(join(tmpdir(), 'likeness-photos-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'sea'));
  const images = (await mixed()).slice(0, 3);
  for (const { name, bytes } of images) await writeFile(join(folder, 'sea', name), bytes);
  await writeFile(join(folder, 'notes.txt'), 'no image');
  await steps.dropFromDisk(folder);
  await page.getByText('2 accepted').waitFor();
  await page.getByText('Same photo twice').waitFor();
  expect(await page.locator('.shot-frame [aria-label^=Remove]').count()).toBe(3);
});

test('sends 60 of too many files, and names the others', async () => {
  const { page, steps, forgive } = await openStudio();
  forgive(/status of 422/);
  await steps.createAvatar('Bix'.repeat(30));
  expect(await steps.trainButton.innerText()).toBe('Train this avatar');
  const file = (number: number) => ({ name: `${number}.jpg`, bytes: Buffer.from(`no image ${number}`) });
  await steps.choose(Array.from({ length: 62 }, (_, index) => file(index)));
  await steps.photo('59.jpg').getByText('Not an image').waitFor();
  await steps.photo('60.jpg').getByText('at most 60 photos').waitFor();
  await steps.photo('61.jpg').getByText('at most 60 photos').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('sends captions with their photos', async () => {
  const { page, steps } = await openStudio();
  await steps.createAvatar('Cy');
  await page.getByLabel('Write captions first').check();
  await steps.choose((await mixed()).slice(0, 1));
  await page.getByRole('dialog', { name: 'Captions' }).getByLabel('good.jpg').fill('[trigger] by the sea');
  await page.getByRole('button', { name: 'Add 1 photo' }).click();
  await steps.photo('good.jpg').getByText('“[trigger] by the sea”').waitFor();
  await page.getByText('1 accepted').waitFor();
});

test('renames an avatar, and deletes an image and an avatar after a confirmation', async () => {
  const { page, steps } = await openStudio();
  await steps.trainedAvatar('Dee', await enough(stack));
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByLabel('Name').fill('Dora');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Dora', level: 1 }).waitFor();
  await page.getByRole('link', { name: 'Photos and training' }).click();
  await page.getByText('Add photos to train again').waitFor();
  await page.getByRole('link', { name: 'Images', exact: true }).click();

  await steps.make('on a boat');
  await steps.images('on a boat', 1);
  await page.getByRole('link', { name: 'on a boat', exact: true }).first().hover();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'Download: on a boat' }).click(),
  ]);
  expect(download.suggestedFilename()).toMatch(/\.jpg$/);
  await page.getByRole('button', { name: 'Generate another: on a boat' }).click();
  await steps.images('on a boat', 2);
  await page.getByRole('button', { name: 'Delete: on a boat' }).first().click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await steps.images('on a boat', 1);

  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await page.getByRole('heading', { name: 'Avatars' }).waitFor();
  expect(await page.getByRole('link', { name: /^Dora/ }).count()).toBe(0);
});
