import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unzipSync } from 'fflate';
import { startSimulator } from '@likeness/fal-simulator';
import { expect, onTestFinished, test } from 'vitest';
import { commandsOf } from '../support/documented-commands.ts';
import { freePort } from '../support/free-port.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCUMENTS = [
  'README.md',
  'docs/first-steps.md',
  'docs/webhooks.md',
  'docs/photos.md',
  'docs/settings.md',
];
/** Commands that other tests or .ci/run run, through the script of package.json. */
const RUN_ELSEWHERE = {
  'npm ci && npm test': [
    'test',
    'node scripts/generate.mjs && node scripts/codegen.mjs && vitest run --project tests',
  ],
  'npm ci && npm run demo': ['demo', 'node scripts/run.mjs demo'],
  'npm run demo -- --stay': ['demo', 'node scripts/run.mjs demo'],
  'npm run compare': ['compare', 'node scripts/run.mjs compare'],
  'npm run backup': ['backup', 'node scripts/run.mjs backup'],
} as const;
/** Builds of the server and of its page, and the first start of a database, on a busy machine. */
const SLOW = { timeout: 240_000 };

const run = new Set<string>();

/** A command as it is in a document, by a part of it. */
function command(document: string, part: string): string {
  const found = commandsOf(document).filter((one) => one.includes(part));
  for (const one of found) run.add(`${document}: ${one}`);
  if (found[0] === undefined) throw new Error(`${document} has no command with ${part}`);
  return found[0].replace(/^npm ci && /, '');
}

const START = command('README.md', 'npm ci && npm start');
const START_WITH_KEY = command('README.md', 'FAL_KEY=… npm start');
const HEADSHOTS = command('README.md', 'examples/headshots.mjs');
const STARTED = command('docs/first-steps.md', 'npm start');
const [CREATE, WATCH, TRAIN, GENERATE] = [
  'createAvatar',
  'subscription',
  'startTraining',
  'generateImage',
].map((part) => command('docs/first-steps.md', part)) as [string, string, string, string];
const START_WITH_TUNNEL = command('docs/webhooks.md', 'PUBLIC_URL=https');
const REACH = command('docs/webhooks.md', '-X POST');
const COUNT = command('docs/webhooks.md', '/metrics');
const PUT = command('docs/photos.md', 'curl -X PUT');
const TOKEN = command('docs/settings.md', 'AUTH_JWT_SECRET=… node');

const SECRET = 'a-secret-of-more-than-16-bytes';

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-readme-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

type Env = Readonly<Record<string, string>>;

/** Starts a command in a shell of its own, with nothing of the surrounding environment but what it needs. */
function launch(text: string, { cwd = ROOT, env = {} }: { cwd?: string; env?: Env } = {}) {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('bash', ['-c', text], { cwd, detached: true, env: { PATH, HOME, ...env } });
  let [out, err] = ['', ''];
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    for (const look of watchers) look();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (err += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const printed = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(out);
        if (found) resolve(found);
      };
      watchers.add(look);
      look();
      void ended.then((code) => reject(new Error(`${text}\nended with ${code}:\n${out}${err}`)));
    });
  const stop = async () => {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
    await ended;
  };
  onTestFinished(stop);
  return { ended, printed, out: () => out, err: () => err };
}

/** What a command prints. Throws unless it ends with 0. */
async function shell(text: string, options: { cwd?: string; env?: Env } = {}): Promise<string> {
  const { ended, out, err } = launch(text, options);
  expect(await ended, `${text}\n${out()}${err()}`).toBe(0);
  return out();
}

/** Runs the command that starts a server, at a free port and with a folder of its own. */
async function serve(text: string, env: Env = {}) {
  const folder = await temporaryFolder();
  const port = String(env['PORT'] ?? (await freePort()));
  const { printed } = launch(text, { env: { PORT: port, DATA_DIR: join(folder, 'data'), ...env } });
  const [, url = ''] = await printed(/^Likeness is ready: (\S+)$/m);
  /** A command of a document, for this server. */
  const here = (one: string) => one.replaceAll('http://127.0.0.1:4000', url);
  return { url, folder, printed, here };
}

async function fal() {
  const simulator = await startSimulator({ timing: { queueMs: 50, trainMs: 500, generateMs: 50 } });
  onTestFinished(() => simulator.close());
  const env = { FAL_QUEUE_URL: simulator.queueUrl, FAL_REST_URL: simulator.restUrl };
  return { simulator, env };
}

/** A home folder with photos of a person in `~/photos`. */
async function homeWithPhotos(samplePhotosUrl: string): Promise<string> {
  const home = await temporaryFolder();
  await mkdir(join(home, 'photos'));
  const zip = unzipSync(new Uint8Array(await (await fetch(samplePhotosUrl)).arrayBuffer()));
  for (const [name, photo] of Object.entries(zip)) await writeFile(join(home, 'photos', name), photo);
  return home;
}

const headshots = HEADSHOTS.replace('examples/', join(ROOT, 'examples/'));

test('the server of README.md shows its page, and takes the steps of docs/first-steps.md', SLOW, async () => {
  expect(STARTED).toBe(START);
  const { url, here, folder, printed } = await serve(START);
  const page = await fetch(url, { headers: { accept: 'text/html' } });
  expect(page.headers.get('content-type')).toContain('text/html');

  const created = JSON.parse(await shell(here(CREATE))) as {
    data: { createAvatar: { avatar: { id: string } } };
  };
  const { id } = created.data.createAvatar.avatar;
  const withId = (one: string) => here(one).replaceAll('avt_…', id);
  const watch = launch(here(WATCH));
  await watch.printed(/"status":"DRAFT"/);
  expect(await shell(withId(TRAIN))).toMatch(/"status":"(QUEUED|TRAINING)"/);
  await watch.printed(/"isReady":true/);
  const generated = JSON.parse(await shell(withId(GENERATE))) as {
    data: { generateImage: { generation: { status: string; imageUrl: string } } };
  };
  const { status, imageUrl } = generated.data.generateImage.generation;
  expect(status).toBe('COMPLETED');
  expect((await fetch(imageUrl)).headers.get('content-type')).toBe('image/jpeg');

  const [, photosUrl = ''] = await printed(/photos +(\S+)/);
  const photos = unzipSync(new Uint8Array(await (await fetch(photosUrl)).arrayBuffer()));
  const photo = Object.values(photos)[0] ?? new Uint8Array();
  await writeFile(join(folder, 'photo.jpg'), photo);
  const query = `mutation { createPhotoUploads(input: { avatarId: "${id}", files: [{ name: "photo.jpg", size: ${photo.length} }] }) { ... on CreatePhotoUploadsPayload { uploads { url } } } }`;
  const answer = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  const [, upload = ''] = /"url":"([^"]+)"/.exec(await answer.text()) ?? [];
  expect(await shell(PUT.replace('<url>', upload), { cwd: folder })).toContain('ACCEPTED');
});

test(
  'with a key, and without a public address, one command goes from photos to a picture',
  SLOW,
  async () => {
    const { simulator, env } = await fal();
    const { url, folder } = await serve(START_WITH_KEY.replace('…', 'a-stand-in-for-a-key'), env);
    const HOME = await homeWithPhotos(simulator.samplePhotosUrl);
    const printed = await shell(headshots, { cwd: folder, env: { HOME, LIKENESS_URL: url } });
    expect(printed).toContain('COMPLETED 100 %\nheadshot.jpg: a portrait at dawn');
    expect((await readFile(join(folder, 'headshot.jpg'))).subarray(0, 2).toString('hex')).toBe('ffd8');
    expect(simulator.requests().map(({ webhookUrl }) => webhookUrl)).toEqual([null, null]);
  },
);

test('with a public address webhooks arrive, and can be counted', SLOW, async () => {
  const { simulator, env } = await fal();
  const port = await freePort();
  const PUBLIC_URL = `http://127.0.0.1:${port}`;
  const start = START_WITH_TUNNEL.replace('FAL_KEY=…', 'FAL_KEY=a-stand-in-for-a-key')
    .replace('AUTH_JWT_SECRET=…', `AUTH_JWT_SECRET=${SECRET}`)
    .replace(/PUBLIC_URL=\S+/, `PUBLIC_URL=${PUBLIC_URL}`);
  // Polls would find the ends of such short runs first.
  const slowPolls = { RECONCILE_INTERVAL_MS: '60000' };
  const { url, folder, here } = await serve(start, { ...env, ...slowPolls, PORT: String(port) });
  expect(await shell(REACH, { env: { PUBLIC_URL } })).toBe('{"outcome":"rejected"}');

  const LIKENESS_TOKEN = (await shell(TOKEN.replace('…', SECRET))).trim();
  const HOME = await homeWithPhotos(simulator.samplePhotosUrl);
  const printed = await shell(headshots, { cwd: folder, env: { HOME, LIKENESS_URL: url, LIKENESS_TOKEN } });
  expect(printed).toContain('COMPLETED 100 %\nheadshot.jpg');
  expect(await shell(here(COUNT))).toMatch(/likeness_webhooks_total\{outcome="applied"\} 2/);
});

test.each(DOCUMENTS)('every command of %s is run by a test', async (document) => {
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const elsewhere: Readonly<Record<string, readonly [string, string]>> = RUN_ELSEWHERE;
  const unknown = commandsOf(document).filter((one) => {
    const [script = '', program] = elsewhere[one] ?? [];
    return !run.has(`${document}: ${one}`) && (program === undefined || scripts[script] !== program);
  });
  expect(unknown).toEqual([]);
});
