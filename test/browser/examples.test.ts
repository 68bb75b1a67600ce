import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { JWT_SECRET, tokenOf } from '../support/tokens.ts';
import { portraits } from '../support/photos.ts';
import { serveFolder } from '../support/page-server.ts';
import { startBrowser } from '../support/browser.ts';
import { startStack } from '../support/stack.ts';

// Each is installed and built first.
const EXAMPLES = fileURLToPath(new URL('../../examples', import.meta.url));
const browser = await startBrowser();
const ports = { urql: await freePort(), apollo: await freePort() };
const originOf = (port: number) => `http://127.0.0.1:${port}`;
const stack = await startStack({
  env: { AUTH_JWT_SECRET: JWT_SECRET, ALLOWED_ORIGINS: Object.values(ports).map(originOf).join(',') },
  // No training ends by itself.
  simulator: { timing: { trainMs: 300_000, progressSteps: 100 } },
});
const folder = await mkdtemp(join(tmpdir(), 'likeness-example-'));
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await stack.close();
});

async function build(name: string, env: Readonly<Record<string, string>>): Promise<string> {
  const cwd = join(EXAMPLES, name);
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64e6 };
  const out = join(folder, name);
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], options);
  await promisify(execFile)('npm', ['run', 'build', '--', '--outDir', out], options);
  return out;
}

test.each(['urql', 'apollo'] as const)(
  'examples/%s goes from photos to a picture, from another origin, over a killed server',
  async (name) => {
    const server = stack.server();
    const token = await tokenOf(`user of ${name}`);
    const built = await build(name, { VITE_LIKENESS_URL: server.graphqlUrl, VITE_LIKENESS_TOKEN: token });
    const app = await serveFolder(built, ports[name]);
    const { page, screenshot, forgive } = await browser.newPage({
      // The public address of the server takes the photos, and the simulator has the pictures.
      origins: [app.origin, server.url, stack.balancer.url, new URL(stack.simulator.queueUrl).origin],
    });
    await page.goto(app.origin);

    await page.getByPlaceholder('Name of a person').fill('   ');
    await page.getByRole('button', { name: 'New avatar' }).click();
    await page.getByRole('alert').filter({ hasText: 'name: expected' }).waitFor();
    await page.getByPlaceholder('Name of a person').fill('Ada');
    await page.getByRole('button', { name: 'New avatar' }).click();
    await page.getByRole('status').getByText('DRAFT').waitFor();
    await page.getByRole('listitem').filter({ hasText: 'Ada' }).waitFor();

    const photos = await portraits(stack.simulator, 10);
    await page
      .locator('input[type=file]')
      .setInputFiles(photos.map(({ name, bytes }) => ({ name, mimeType: 'image/jpeg', buffer: bytes })));
    await page.getByText('10 of 10 photos.').waitFor();
    const before = stack.simulator.requests().length;
    await page.getByRole('button', { name: 'Train' }).click();
    await page.getByRole('status').getByText('TRAINING').waitFor();

    forgive(/ERR_CONNECTION_REFUSED|WebSocket connection to/);
    await server.kill();
    await server.start();
    const { requestId } = stack.simulator.requests()[before] ?? {};
    await stack.simulator.deliver(stack.webhookOf(requestId));
    await page.getByRole('status').getByText('COMPLETED').waitFor({ timeout: 60_000 });

    await page.getByRole('button', { name: 'Generate' }).click();
    const picture = page.getByAltText('Portrait of Ada');
    await picture.waitFor();
    const width = await eventually('a loaded picture', async () => {
      const { width = 0 } = (await picture.boundingBox()) ?? {};
      return width > 100 ? width : null;
    });
    expect(width).toBeGreaterThan(100);
    await screenshot(name);
    await app.close();
  },
);
