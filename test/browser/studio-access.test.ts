import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, describe, expect, test } from 'vitest';
import type { FileChooser, Page } from 'playwright-core';
import { enough, mixed, StudioSteps } from '../support/studio-steps.ts';
import { startBrowser } from '../support/browser.ts';
import { startStack } from '../support/stack.ts';

const browser = await startBrowser();
const stack = await startStack();
afterAll(() => stack.close());
const url = stack.balancer.url;
const origins = [url, new URL(stack.simulator.restUrl).origin];
const photos = await enough(stack);
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

type AxeResults = {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
};

/** What axe finds on the page, and content that is wider than the window. */
async function barriersOn(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>(`'axe' in window`))) await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>(
    `axe.run(document, { resultTypes: ['violations'] })`,
  );
  const isTooWide = await page.evaluate<boolean>(
    'document.documentElement.scrollWidth > document.documentElement.clientWidth',
  );
  return [
    ...violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary = '' }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    ),
    ...(isTooWide ? ['The page scrolls horizontally'] : []),
  ];
}

describe.each([
  ['light', 1440],
  ['dark', 1440],
  ['light', 390],
  ['dark', 390],
] as const)('%s, %i pixels wide', (colorScheme, width) => {
  test('has no accessibility violation in any state', async () => {
    const { page, forgive, screenshot } = await browser.newPage({
      origins,
      colorScheme,
      viewport: { width, height: width > 800 ? 900 : 844 },
      reducedMotion: 'reduce',
    });
    forgive(/status of 422/);
    const steps = new StudioSteps(page, url);
    const found: Record<string, string[]> = {};
    const check = async (state: string) => {
      const barriers = await barriersOn(page);
      if (barriers.length > 0) found[state] = barriers;
      await screenshot(`${state} ${colorScheme} ${width}`);
    };
    await steps.open();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await check('wall');
    await steps.open('#/new');
    await page.getByLabel('Who is it?').waitFor();
    await check('new');
    await steps.createAvatar('Ada Lovelace');
    await check('no photos');
    await steps.choose(await mixed());
    await page.getByText('2 accepted').waitFor();
    await check('mixed verdicts');
    await steps.choose(photos);
    await steps.enoughPhotos();
    await check('ready to train');
    stack.simulator.program({ scenario: 'stuck' });
    await steps.train();
    await page.getByRole('progressbar').waitFor();
    await check('training');
    await page.getByRole('button', { name: 'Cancel training' }).click();
    await page.getByRole('dialog').waitFor();
    await check('question');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel training' }).click();
    await page.getByRole('alert').waitFor();
    await check('cancelled');
    await page.getByRole('button', { name: 'Train again' }).click();
    await steps.trained();
    await check('no images');
    await steps.make('in a library', 2);
    await steps.images('in a library', 2);
    stack.simulator.program({ scenario: 'fail' });
    await steps.make('as a statue');
    await page.getByRole('list', { name: 'Images' }).getByText('fal could not finish the image').waitFor();
    stack.simulator.program({ scenario: 'stuck' });
    await steps.make('on a ship', 3);
    await page.getByText('on a ship').nth(2).waitFor();
    await check('gallery');
    await page.getByRole('link', { name: 'in a library (1 of 2)', exact: true }).click();
    await page.getByRole('dialog').waitFor();
    await check('viewer');
    expect(found).toEqual({});
  });
});

test('follows the theme of the system until the user chooses one', async () => {
  const { page } = await browser.newPage({ origins, colorScheme: 'dark' });
  const steps = new StudioSteps(page, url);
  const scheme = () => page.evaluate<string>('getComputedStyle(document.documentElement).colorScheme');
  await steps.open();
  await page.getByRole('button', { name: 'light theme' }).click();
  expect(await scheme()).toBe('light');
  await page.reload();
  await page.getByRole('button', { name: 'dark theme' }).waitFor();
  expect(await scheme()).toBe('light');
  await page.getByRole('button', { name: 'dark theme' }).click();
  expect(await scheme()).toBe('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.getByRole('button', { name: 'dark theme' }).waitFor();
  expect(await scheme()).toBe('light');
});

test('goes from a name to an image with the keyboard alone', async () => {
  const { page } = await browser.newPage({ origins, reducedMotion: 'reduce' });
  const steps = new StudioSteps(page, url);
  /** Presses Tab until the element with this name has the focus. */
  const tabTo = async (name: RegExp) => {
    for (let presses = 0; presses < 60; presses++) {
      const focused = await page.evaluate<string>(
        `(({ ariaLabel, labels, firstChild, textContent }) =>
          ariaLabel ?? labels?.[0]?.textContent ?? (textContent || firstChild?.alt || ''))(document.activeElement)`,
      );
      if (name.test(focused.trim())) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`No way to ${String(name)} with the keyboard`);
  };
  // Chromium has to learn in time that it shall open no dialog.
  const chosen = new Promise<FileChooser>((resolve) => page.once('filechooser', resolve));
  await steps.open('#/new');
  await page.getByLabel('Who is it?').and(page.locator(':focus')).waitFor();
  await page.keyboard.type('Kay');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Choose photos' }).waitFor();
  await tabTo(/^Choose photos/);
  await page.keyboard.press('Enter');
  const chooser = await chosen;
  expect(chooser.isMultiple()).toBe(true);
  await chooser.setFiles(photos.map(({ name, bytes }) => ({ name, mimeType: 'image/jpeg', buffer: bytes })));
  await steps.enoughPhotos();
  await tabTo(/^Train Kay/);
  await page.keyboard.press('Enter');
  await steps.trained();
  await tabTo(/^Describe an image of Kay/);
  await page.keyboard.type('at a piano');
  await page.keyboard.press('Control+Enter');
  await steps.images('at a piano', 2);
  await tabTo(/^at a piano \(1 of 2\)/);
  await page.keyboard.press('Enter');
  const viewer = page.getByRole('dialog', { name: 'Image: at a piano' });
  await viewer.waitFor();
  await page.keyboard.press('Escape');
  await viewer.waitFor({ state: 'detached' });
});
