import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { chromium, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, onTestFinished } from 'vitest';
import { chromiumPath } from './chromium.ts';

/** A name of this machine to which browsers give none of the rights of `localhost` and of HTTPS. */
export const NAME_IN_LAN = 'likeness.lan';
const FLAGS = [
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Nothing leaves this machine, whatever a page asks for.
  `--host-resolver-rules=MAP ${NAME_IN_LAN} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`,
];
/** Folder of screenshots; without it none is taken. */
const SCREENSHOTS = process.env['SCREENSHOTS'];

type PageOptions = BrowserContextOptions & {
  /** Origins that the page may send requests to. */
  readonly origins: readonly string[];
};

type BrowserPage = {
  readonly page: Page;
  readonly context: BrowserContext;
  /**
   * Takes what went wrong so far: console errors, uncaught errors, violations of the content security policy and
   * requests to other origins. The test fails at its end when some are left.
   */
  readonly takeComplaints: () => string[];
  /** Forgives complaints that match, those to come too. */
  readonly forgive: (pattern: RegExp) => void;
  /** Writes `<name>.png` to the folder that SCREENSHOTS names, as a test that fails does by itself. */
  readonly screenshot: (name: string) => Promise<void>;
};

type TestBrowser = {
  /** Opens an empty page in a context of its own, which is closed at the end of the test. */
  readonly newPage: (options: PageOptions) => Promise<BrowserPage>;
};

/** Starts one browser for the tests of a file; it ends with them. Call it at the top of the file. */
export async function startBrowser(): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: chromiumPath(),
    chromiumSandbox: false,
    args: FLAGS,
  });
  afterAll(() => browser.close());
  return {
    async newPage({ origins, ...options }) {
      const context = await browser.newContext(options);
      const complaints = new Set<string>();
      const forgiven: RegExp[] = [];
      const complain = (complaint: string) => {
        if (!forgiven.some((pattern) => pattern.test(complaint))) complaints.add(complaint);
      };
      watchContext(context, origins, complain);
      const page = await context.newPage();
      const takeComplaints = () => {
        const taken = [...complaints];
        complaints.clear();
        return taken;
      };
      onTestFinished(async ({ task }) => {
        if (task.result?.state === 'fail') await takeScreenshot(page, `failed ${task.name}`);
        await context.close();
        if (complaints.size > 0) throw new Error(`The page complained:\n${takeComplaints().join('\n')}`);
      });
      return {
        page,
        context,
        takeComplaints,
        forgive(pattern) {
          forgiven.push(pattern);
          for (const complaint of complaints) if (pattern.test(complaint)) complaints.delete(complaint);
        },
        screenshot: (name) => takeScreenshot(page, name),
      };
    },
  };
}

function watchContext(
  context: BrowserContext,
  origins: readonly string[],
  complain: (complaint: string) => void,
): void {
  const check = (url: string) => {
    const { protocol, origin } = new URL(url.replace(/^ws/, 'http'));
    if (/^https?:$/.test(protocol) && !origins.includes(origin))
      complain(`request to another origin: ${url}`);
  };
  context.on('request', (request) => check(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => check(socket.url())));
  context.on('console', (message) => {
    if (message.type() === 'error') complain(`console: ${message.text()} (${message.location().url})`);
  });
  context.on('weberror', (error) => complain(`uncaught: ${error.error().message}`));
}

async function takeScreenshot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return;
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name.replaceAll(/[^\w-]+/g, '-')}.png`) });
}
