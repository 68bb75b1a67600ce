import { afterAll, expect, test } from 'vitest';
import { enough, StudioSteps } from '../support/studio-steps.ts';
import { startBrowser } from '../support/browser.ts';
import { startStack } from '../support/stack.ts';

const browser = await startBrowser();
const stack = await startStack();
afterAll(() => stack.close());
const url = stack.balancer.url;
const origins = [url, new URL(stack.simulator.restUrl).origin];
const photos = await enough(stack);

async function openStudio() {
  const opened = await browser.newPage({ origins, reducedMotion: 'reduce' });
  return { ...opened, steps: new StudioSteps(opened.page, url) };
}

async function startedTraining(steps: StudioSteps, name: string): Promise<void> {
  await steps.createAvatar(name);
  await steps.choose(photos);
  await steps.enoughPhotos();
  await steps.train();
}

test('cancels a training after a confirmation, and keeps its photos', async () => {
  const { page, steps } = await openStudio();
  stack.simulator.program({ scenario: 'stuck' });
  await startedTraining(steps, 'Ada');
  await page.getByRole('progressbar', { name: 'Training of Ada' }).waitFor();
  await page.getByText('so far').waitFor();
  await page.getByRole('button', { name: 'Cancel training' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel training' }).click();
  await page.getByRole('alert').getByText('The training was cancelled').waitFor();
  await page.getByText('10 accepted').waitFor();
});

test('shows why a training failed, and repeats it', async () => {
  const { page, steps } = await openStudio();
  stack.simulator.program({ scenario: 'fail' });
  await startedTraining(steps, 'Bo');
  await page.getByRole('alert').getByText('fal could not finish the training').waitFor();
  await page.getByRole('button', { name: 'Train again' }).click();
  await steps.trained();
});

test('shows why a training was refused, and starts nothing', async () => {
  const { page, steps } = await openStudio();
  stack.simulator.program({ scenario: 'submit-422' });
  await startedTraining(steps, 'Cy');
  await page.getByRole('alert').getByText('fal did not accept this').waitFor();
  await steps.train();
  await steps.trained();
});

test('shows why an image failed, and repeats it', async () => {
  const { page, steps } = await openStudio();
  await startedTraining(steps, 'Dee');
  await steps.trained();
  stack.simulator.program({ scenario: 'fail' });
  await steps.make('as a statue');
  const tile = page.getByRole('listitem').filter({ hasText: 'fal could not finish the image' });
  await tile.getByRole('button', { name: 'Try again' }).click();
  await steps.images('as a statue', 1);
});

test('reconnects by itself when the server is killed during a training and started again', async () => {
  const { page, steps, forgive } = await openStudio();
  forgive(/WebSocket|Failed to load resource|ERR_/);
  stack.simulator.program({ scenario: 'stuck' });
  await startedTraining(steps, 'Eve');
  await page.getByRole('progressbar', { name: 'Training of Eve' }).waitFor();
  await stack.server().kill();
  await page.getByRole('status').getByText('Reconnecting…').waitFor();
  expect(await page.getByRole('progressbar').count()).toBe(1);
  await stack.server().start();
  await page.getByText('Reconnecting…').waitFor({ state: 'detached' });
  const run = stack.simulator.requests().at(-1)?.requestId;
  await stack.simulator.deliver(stack.webhookOf(run));
  await steps.trained();
});

test('reloads an image that fails to load once, then reports it as unavailable', async () => {
  const { page, steps, forgive } = await openStudio();
  forgive(/Failed to load resource/);
  await startedTraining(steps, 'Fay');
  await steps.trained();
  let failures = 1;
  await page.route(/image\.jpg|\/files\//, (route) => (failures-- > 0 ? route.abort() : route.continue()));
  await steps.make('on a bridge');
  await steps.images('on a bridge', 1);
  failures = Infinity;
  await steps.make('in a tent');
  await page.getByText('No longer available').waitFor();
});

test('reports an avatar that does not exist', async () => {
  const { page, steps } = await openStudio();
  await steps.open('#/avatars/avt_01a21a8db50777c684cb4c889b185cc7');
  await page.getByRole('heading', { name: 'Avatar not found' }).waitFor();
  await page.getByRole('link', { name: 'All avatars' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
});

test('reports a flagged image, and offers no download of it', async () => {
  const { page, steps, screenshot } = await openStudio();
  await startedTraining(steps, 'Gil');
  await steps.trained();
  stack.simulator.program({ scenario: 'filtered' });
  await steps.make('in a fog');
  await page.getByText('Flagged by fal’s safety checker').waitFor();
  const downloads = page.getByRole('link', { name: /^(?:Download|Open)/ });
  expect(await downloads.count()).toBe(0);
  await page.getByRole('link', { name: 'in a fog' }).click();
  await page.getByRole('dialog').getByText('there is nothing to download').waitFor();
  await screenshot('flagged');
  expect(await downloads.count()).toBe(0);
});

test('shows the limit of a name when it is reached', async () => {
  const { page, steps, screenshot } = await openStudio();
  await steps.open('#/new');
  const field = page.getByLabel('Who is it?');
  await field.focus();
  await page.keyboard.insertText('Ada of the very long name '.repeat(5));
  await page.getByText('A name has at most 100 characters.').waitFor();
  await screenshot('name limit');
  expect((await field.inputValue()).length).toBe(100);
});
