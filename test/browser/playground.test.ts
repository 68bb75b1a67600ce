import { afterAll, expect, test } from 'vitest';
import type { Page } from 'playwright-core';
import { startBrowser } from '../support/browser.ts';
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
  const { url, graphqlUrl } = stack.server();
  const { page, screenshot } = await browser.newPage({
    origins: [url],
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
  await screenshot('generated');
  await openTab(page, 'Regenerate');
  await replaceWord(page, 'generationIdFromStep4', generationId);
  await run(page, '"status": "COMPLETED"');
  await openTab(page, 'Avatars');
  await run(page, avatarId);
  await openTab(page, 'Trainers');
  await run(page, '"defaultFor"');
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
  const execute = page.getByRole('button', { name: 'Execute query' });
  await execute.click();
  return eventually(`${text} in the result`, async () => {
    const result = (await page.locator('.result-window .view-lines').innerText()).replaceAll('\u00a0', ' ');
    // GraphiQL learns the name of an edited operation a moment after the last key; a reader is slower.
    if (result.includes('Cannot infer operation')) await execute.click();
    return result.includes(text) ? result : null;
  });
}
