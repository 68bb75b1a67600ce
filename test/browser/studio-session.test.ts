import { createServer } from 'node:http';
import { afterAll, expect, test } from 'vitest';
import { listenOnLoopback } from '../support/loopback.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { NAME_IN_LAN, startBrowser } from '../support/browser.ts';
import { startStack } from '../support/stack.ts';
import { enough, StudioSteps } from '../support/studio-steps.ts';

const browser = await startBrowser();

/** The sign-in page of a product: it sends everyone back with the next token. */
let nextToken = '';
const login = createServer((request, response) => {
  const target = new URL(request.url ?? '', 'http://any').searchParams.get('return_to') ?? '';
  response.writeHead(302, { location: `${target}#token=${nextToken}` }).end();
});
afterAll(() => login.close());
const loginUrl = `${await listenOnLoopback(login)}/login?from=studio`;

const byPaste = await startStack({ env: { AUTH_JWT_SECRET: JWT_SECRET } });
const byLogin = await startStack({ env: { AUTH_JWT_SECRET: JWT_SECRET, STUDIO_LOGIN_URL: loginUrl } });
afterAll(() => Promise.all([byPaste.close(), byLogin.close()]));

async function openStudio(url: string, otherOrigins: readonly string[] = []) {
  const origins = [url, new URL(loginUrl).origin, ...otherOrigins];
  const opened = await browser.newPage({ origins, reducedMotion: 'reduce' });
  // Answers to missing and expired tokens.
  opened.forgive(/status of 401|WebSocket/);
  return { ...opened, steps: new StudioSteps(opened.page, url) };
}

test('opens with a pasted token, in this tab only', async () => {
  const { page, steps, context } = await openStudio(byPaste.balancer.url);
  await steps.open('#/new');
  await page.getByLabel('Your token').fill('no token');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('This is not a token').waitFor();
  await page.getByLabel('Your token').fill(await tokenOf('ada', { lifetimeS: -3600 }));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('This token expired').waitFor();
  await page.getByLabel('Your token').fill(`Bearer ${await tokenOf('ada')}`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Who is it?').waitFor();
  await page.reload();
  await page.getByLabel('Who is it?').waitFor();

  const other = await context.newPage();
  await other.goto(byPaste.balancer.url);
  await other.getByLabel('Your token').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Your token').waitFor();
});

test('asks for another token when the server refuses one', async () => {
  const { page, steps } = await openStudio(byPaste.balancer.url);
  await steps.open();
  const wrong = await tokenOf('ada', { secret: 'another secret that is long enough to sign' });
  await page.getByLabel('Your token').fill(wrong);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('does not accept this token').waitFor();
});

test('renews an expired token without losing the state of the page', async () => {
  const { page, steps } = await openStudio(byPaste.balancer.url);
  await steps.open('#/new');
  await page.getByLabel('Your token').fill(await tokenOf('bo', { lifetimeS: 3 }));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Who is it?').fill('Bo');
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  await dialog.getByText('Your session has expired').waitFor();
  await dialog.getByLabel('Your token').fill(await tokenOf('bo'));
  await dialog.getByRole('button', { name: 'Sign in' }).click();
  await dialog.waitFor({ state: 'detached' });
  expect(await page.getByLabel('Who is it?').inputValue()).toBe('Bo');
  await page.getByRole('button', { name: 'Continue to photos' }).click();
  await page.getByRole('heading', { name: 'Bo', level: 1 }).waitFor();
});

test('returns from the login page to the same place, without a trace of the token', async () => {
  const { page, steps } = await openStudio(byLogin.balancer.url);
  nextToken = await tokenOf('ada');
  await steps.open('#/new');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Who is it?').waitFor();
  expect(page.url()).toBe(`${byLogin.balancer.url}/#/new`);
  const length = await page.evaluate('history.length');
  await page.goBack();
  expect(page.url()).not.toContain('token');
  expect(length).toBeLessThan(6);
});

test('refuses a token that this tab did not ask for', async () => {
  const { page } = await openStudio(byLogin.balancer.url);
  await page.goto(`${byLogin.balancer.url}/?state=guessed#token=${await tokenOf('mallory')}`);
  await page.getByRole('alert').getByText('was not started here').waitFor();
  expect(page.url()).toBe(`${byLogin.balancer.url}/`);
  expect(await page.evaluate('sessionStorage.length')).toBe(0);
});

test('renews a session in a new tab, and continues in the first one', async () => {
  const { page, steps, context } = await openStudio(byLogin.balancer.url);
  nextToken = await tokenOf('cy', { lifetimeS: 4 });
  await steps.open('#/new');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel('Who is it?').fill('Cy');
  const dialog = page.getByRole('dialog', { name: 'Sign in again' });
  nextToken = await tokenOf('cy');
  const [other] = await Promise.all([
    context.waitForEvent('page'),
    dialog.getByRole('button', { name: 'Sign in' }).click(),
  ]);
  await dialog.waitFor({ state: 'detached' });
  expect(await page.getByLabel('Who is it?').inputValue()).toBe('Cy');
  await page.getByRole('button', { name: 'Continue to photos' }).click();
  await page.getByRole('heading', { name: 'Cy', level: 1 }).waitFor();
  expect(other.isClosed() || (await other.getByText('You are signed in').isVisible())).toBe(true);
});

test('works over plain HTTP from another machine', async () => {
  const url = byLogin.balancer.url.replace('127.0.0.1', NAME_IN_LAN);
  const { page, steps, forgive } = await openStudio(url, [byLogin.balancer.url]);
  forgive(/Cross-Origin-Opener-Policy header has been ignored/);
  nextToken = await tokenOf('dee');
  await steps.open();
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { level: 1 }).waitFor();
  expect(await page.evaluate('isSecureContext')).toBe(false);
  await steps.trainedAvatar('Dee', await enough(byLogin));
  await steps.make('on a roof');
  await steps.images('on a roof', 1);
});
