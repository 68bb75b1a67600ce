import { afterAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { startBrowser } from '../support/browser.ts';
import { putPhoto } from '../support/api-client.ts';
import { spots } from '../support/photos.ts';
import { startStack } from '../support/stack.ts';
import { eventually } from '../support/eventually.ts';

const browser = await startBrowser();
// As after the first `npm start`: with the simulator of the server.
const NO_FAL = {
  FAL_KEY: undefined,
  FAL_QUEUE_URL: undefined,
  FAL_REST_URL: undefined,
  PUBLIC_URL: undefined,
};
const stack = await startStack({ env: NO_FAL });
afterAll(() => stack.close());

test('the tabs of the playground run one after the other, without a complaint of the browser', async () => {
  const server = stack.server();
  const { url, graphqlUrl } = server;
  const { simulatorUrl } = await server.logged(({ msg }) => msg === 'ready', 'the address of its simulator');
  const simulator = new URL(String(simulatorUrl)).origin;
  const { page, screenshot } = await browser.newPage({
    // The simulator's images have another port.
    origins: [url, simulator],
    viewport: { width: 1400, height: 800 },
  });
  await page.goto(graphqlUrl);
  expect(await page.title()).toBe('Likeness');

  await openTab(page, 'CreateAvatar');
  const avatarId = idIn(await run(page, '"status": "DRAFT"'));
  await openTab(page, 'StartTraining');
  await replaceWord(page, 'avatarIdFromStep1', avatarId);
  await run(page, '"falRequestId": "');
  await openTab(page, 'AvatarStatus');
  await run(page, '"status": "COMPLETED"');
  await screenshot('watched');
  await openTab(page, 'GenerateImage');
  await replaceWord(page, 'avatarIdFromStep1', avatarId);
  const generationId = idIn(await run(page, '"status": "COMPLETED"'));
  await shown(page, 1);
  await screenshot('generated');
  await openTab(page, 'Regenerate');
  await replaceWord(page, 'generationIdFromStep4', generationId);
  await run(page, '"status": "COMPLETED"');
  await openTab(page, 'Avatars');
  await run(page, avatarId);
  await shown(page, 2);
  await screenshot('listed');

  const photos = await Promise.all(
    Array.from({ length: 10 }, async (_, seed) => (await spots(seed)).jpeg().toBuffer()),
  );
  const [first = Buffer.of(), ...others] = photos;
  await openTab(page, 'UploadPhotos');
  await replaceWord(page, 'avatarIdFromStep1', avatarId);
  await replaceWord(page, '245760', String(first.byteLength));
  const announced = await run(page, '"url": "http');
  // The editor breaks long lines.
  const [uploadUrl = ''] = /http[^"]*\/photos\/[\w-]+/.exec(announced.replaceAll(/\s/g, '')) ?? [];
  await screenshot('upload');
  await openTab(page, 'PhotoSet');
  await replaceWord(page, 'avatarIdFromStep1', avatarId);
  await run(page, '"state": "PENDING"');
  await putPhoto(uploadUrl, first);
  await seen(page, '"state": "ACCEPTED"');
  await server.uploadPhotos(
    avatarId,
    others.map((bytes, index) => ({ name: `${index}.jpg`, bytes })),
  );
  await seen(page, '"isEnough": true');
  await screenshot('photos');
  await openTab(page, 'TrainFromPhotos');
  await replaceWord(page, 'avatarIdFromStep1', avatarId);
  await run(page, '"falRequestId": "');

  await openTab(page, 'Trainers');
  await run(page, '"defaultFor"');
});

test('only addresses of the web become images', async () => {
  const server = stack.server();
  const { page } = await browser.newPage({ origins: [server.url] });
  const query = encodeURIComponent('query Odd { images: trainers { url: name } }');
  await page.goto(`${server.graphqlUrl}?query=${query}`);
  await run(page, '"url": "FLUX');
  expect(await page.locator('.images a').count()).toBe(0);
});

function idIn(result: string): string {
  const [, id] = /"id": "([^"]+)"/.exec(result) ?? [];
  if (id === undefined) throw new Error(`no ID in ${result}`);
  return id;
}

async function openTab(page: Page, name: string): Promise<void> {
  await page.getByRole('tab').getByText(name, { exact: true }).click();
  await page.locator('.graphiql-query-editor').getByText(name).first().waitFor();
}

/** As a reader does it: a double click selects the word. */
async function replaceWord(page: Page, word: string, by: string): Promise<void> {
  await page.locator('.graphiql-query-editor').getByText(word).last().dblclick();
  await page.keyboard.type(by);
}

/** Runs the open tab and waits for a text in its result. */
async function run(page: Page, text: string): Promise<string> {
  await page.getByRole('button', { name: 'Execute query' }).click();
  return seen(page, text);
}

async function seen(page: Page, text: string): Promise<string> {
  return eventually(`${text} in the result`, async () => {
    const result = (await page.locator('.result-window .view-lines').innerText()).replaceAll('\u00a0', ' ');
    // GraphiQL learns the name of an edited operation a moment after the last key; a reader is slower.
    if (result.includes('Cannot infer operation'))
      await page.getByRole('button', { name: 'Execute query' }).click();
    return result.includes(text) ? result : null;
  });
}

/** Waits for so many loaded images below the result. */
async function shown(page: Page, count: number): Promise<void> {
  const images = page.getByAltText('Image of the result');
  const widths = `[...document.querySelectorAll('.images img')].map((image) => image.naturalWidth)`;
  await eventually(`${count} images`, async () => {
    const loaded = (await page.evaluate<number[]>(widths)).filter((width) => width > 0);
    return loaded.length === count && (await images.count()) === count;
  });
}
