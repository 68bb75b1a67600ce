import { expect, test } from 'vitest';
import { startBrowser } from '../support/browser.ts';

const browser = await startBrowser();

test('a page that misbehaves is noticed', async () => {
  const { page, takeComplaints, forgive } = await browser.newPage({ origins: [] });
  const policy = '<meta http-equiv="content-security-policy" content="img-src \'none\'">';
  await page.setContent(`<head>${policy}</head>`);
  await page.evaluate(`
    console.error('an error on the console');
    setTimeout(() => { throw new Error('an uncaught error'); });
    document.body.append(Object.assign(new Image(), { src: 'data:image/gif,refused' }));
    fetch('http://likeness.example/').catch(() => new Promise(requestAnimationFrame))`);
  expect(takeComplaints()).toEqual(
    expect.arrayContaining([
      expect.stringContaining('an error on the console'),
      expect.stringContaining('an uncaught error'),
      expect.stringContaining('Content Security Policy'),
      'request to another origin: http://likeness.example/',
    ]),
  );
  expect(takeComplaints()).toEqual([]);

  forgive(/expected/);
  await page.evaluate(`console.error('an expected error')`);
  expect(takeComplaints()).toEqual([]);
});
