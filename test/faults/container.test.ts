import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { execFile, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { dirname, join, relative } from 'node:path';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { readdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUCKET_SETTINGS } from '../../src/config/bucket.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const START_MS = 60_000;
/** Of gcr.io/distroless/cc-debian13. */
const BASE_BYTES = 35e6;
const MAX_IMAGE_BYTES = 250e6;

type Instruction = { readonly name: string; readonly text: string };
type Stage = { readonly from: string; readonly name: string; readonly instructions: readonly Instruction[] };

/** The stages of the Dockerfile, with continued lines joined. */
async function readStages(): Promise<readonly Stage[]> {
  const text = await readFile(join(ROOT, 'Dockerfile'), 'utf8');
  const lines = text
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => /^[A-Z]/.test(line));
  const stages: { from: string; name: string; instructions: Instruction[] }[] = [];
  for (const line of lines) {
    const [name = '', ...words] = line.split(' ');
    if (name === 'FROM') stages.push({ from: words[0] ?? '', name: words[2] ?? '', instructions: [] });
    else stages.at(-1)?.instructions.push({ name, text: words.join(' ') });
  }
  return stages;
}

const stages = await readStages();
const shipped = stages.at(-1)?.instructions ?? [];
const textsOf = (wanted: string) => shipped.flatMap(({ name, text }) => (name === wanted ? [text] : []));
const onlyOf = (name: string): string => {
  const [text, ...others] = textsOf(name);
  if (text === undefined || others.length > 0) throw new Error(`expected one ${name}`);
  return text;
};
const wordsOf = (name: string) => JSON.parse(onlyOf(name)) as string[];

describe('the Dockerfile', () => {
  test('names the version of every image', () => {
    for (const { from } of stages) expect(from).toMatch(/:(?!latest)[\w.-]+$/);
  });

  test('installs by the lock file, before the code is copied', () => {
    const steps = stages[0]?.instructions.map(({ name, text }) => `${name} ${text}`) ?? [];
    const install = steps.findIndex((step) => step.startsWith('RUN npm ci'));
    expect(install).toBeGreaterThan(-1);
    expect(install).toBeLessThan(steps.indexOf('COPY . .'));
    expect(steps.join('\n')).not.toMatch(/npm (?:install|i)\b|^ADD|curl|sudo/m);
  });

  test('ships no root, no shell, and a check of its health', () => {
    expect(onlyOf('USER')).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(textsOf('RUN')).toEqual([]);
    expect(onlyOf('HEALTHCHECK')).toContain('CMD [');
    expect([wordsOf('ENTRYPOINT'), wordsOf('CMD')].flat()).toEqual(['/usr/local/bin/node', 'dist/main.js']);
  });

  test('says no secret', () => {
    expect(textsOf('ENV').join(' ')).not.toMatch(/KEY|SECRET|TOKEN|PASSWORD|_URL/);
  });
});

describe('the settings in the examples', () => {
  test.each(['compose.yaml', 'deploy/kubernetes.yaml'])('of %s are those of the server', async (file) => {
    const documented = await readFile(join(ROOT, 'docs/settings.md'), 'utf8');
    const text = await readFile(join(ROOT, file), 'utf8');
    const named = text.match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? [];
    const ours = [...new Set(named)].filter((name) => !name.startsWith('POSTGRES_'));
    expect(ours.length).toBeGreaterThan(3);
    expect(ours.filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
    expect(
      text.match(/image: .*/g)?.filter((image) => !/:[\w.-]+$/.test(image) || image.endsWith(':latest')),
    ).toEqual([]);
  });

  test('of the bucket are all in compose.yaml', async () => {
    const text = await readFile(join(ROOT, 'compose.yaml'), 'utf8');
    expect(BUCKET_SETTINGS.filter((name) => !text.includes(`${name}: \${${name}:-}`))).toEqual([]);
  });
});

describe("the image's file tree, made by the Dockerfile's own steps", () => {
  /** Of the whole image, of the stage that builds and of the one that is shipped. */
  let folder: string;
  let env: Record<string, string>;
  const stageRoot = (name: string) => join(folder, name === '' ? 'shipped' : name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'likeness-image-'));
    await chmod(folder, 0o755);
    for (const { name, instructions } of stages) await make(stageRoot(name), instructions);
    env = Object.fromEntries(
      onlyOf('ENV')
        .split(' ')
        .map((pair) => pair.split('=') as [string, string]),
    );
  }, 600_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function make(root: string, instructions: readonly Instruction[]): Promise<void> {
    let cwd = root;
    for (const { name, text } of instructions) {
      if (name === 'WORKDIR') {
        cwd = join(root, text);
        await mkdir(cwd, { recursive: true });
      } else if (name === 'COPY') {
        await copy(root, cwd, text.split(' '));
      } else if (name === 'RUN') {
        const command = text.replaceAll(/(?<=\s)\/(?=\w)/g, `${root}/`);
        const { PATH, HOME } = process.env;
        await promisify(execFile)('sh', ['-c', command], { cwd, env: { PATH, HOME }, maxBuffer: 64e6 });
      }
    }
  }

  async function copy(root: string, cwd: string, words: readonly string[]): Promise<void> {
    const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length);
    const owner = words.find((word) => word.startsWith('--chown='))?.slice('--chown='.length);
    const paths = words.filter((word) => !word.startsWith('--'));
    const target = paths.pop() ?? '';
    const isFolder = target.endsWith('/') || paths.length > 1;
    const to = target.startsWith('/') ? join(root, target) : join(cwd, target);
    for (const path of paths) {
      const place = isFolder ? join(to, path) : to;
      await mkdir(dirname(place), { recursive: true });
      if (path === '/usr/local/bin/node') await cp(process.execPath, place);
      else if (from !== undefined) await cp(join(stageRoot(from), path), place, { recursive: true });
      else await copyContext(path, place);
      if (owner !== undefined && process.getuid?.() === 0) await chown(place, ...idsOf(owner));
    }
  }

  test('is an image below 250 MB', async () => {
    expect(BASE_BYTES + (await sizeOf(stageRoot('')))).toBeLessThan(MAX_IMAGE_BYTES);
  });

  test('starts as its user, is healthy, and ends when it is told to', async () => {
    const root = stageRoot('');
    const [uid, gid] = idsOf(onlyOf('USER'));
    const port = await freePort();
    const inImage = (word: string) => (word.startsWith('/') ? join(root, word) : word);
    const options = {
      cwd: join(root, onlyOf('WORKDIR')),
      ...(process.getuid?.() === 0 ? { uid, gid } : {}),
      env: {
        ...Object.fromEntries(Object.entries(env).map(([name, value]) => [name, inImage(value)])),
        PORT: String(port),
        SIMULATE: 'yes',
        AUTH_JWT_SECRET: 'a secret of this test alone',
      },
    };
    const [program = '', ...words] = [...wordsOf('ENTRYPOINT'), ...wordsOf('CMD')].map(inImage);
    const server = spawn(program, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let printed = '';
    for (const stream of [server.stdout, server.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
    const ended = once(server, 'exit');
    try {
      const [check = '', ...arguments_] = (
        JSON.parse(onlyOf('HEALTHCHECK').replace(/^.*?CMD /, '')) as string[]
      ).map((word, index) => (index === 0 ? inImage(word) : word));
      const isHealthy = () =>
        promisify(execFile)(check, arguments_, options).then(
          () => true,
          () => null,
        );
      await eventually(`a healthy server: ${printed}`, isHealthy, START_MS);
      const page = await fetch(`http://127.0.0.1:${port}/readyz`);
      expect(page.status).toBe(200);
      server.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      expect(await isHealthy()).toBeNull();
    } finally {
      server.kill('SIGKILL');
    }
  });
});

/** Copies a path of the build context: what git knows or would add, without what .dockerignore excludes. */
async function copyContext(path: string, place: string): Promise<void> {
  const ignored = (await readFile(join(ROOT, '.dockerignore'), 'utf8'))
    .split('\n')
    .filter((line) => line !== '');
  const isIgnored = (file: string) => {
    const [top = ''] = file.split('/');
    if (ignored.includes(`!${top}`)) return false;
    return ignored.includes(top) || (ignored.includes('.*') && top.startsWith('.'));
  };
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', path];
  const { stdout } = await promisify(execFile)('git', args, { cwd: ROOT, maxBuffer: 64e6 });
  const files = stdout.split('\n').filter((file) => file !== '' && !isIgnored(file));
  if (files.length === 0) throw new Error(`${path} is not in the build context`);
  for (const file of files) {
    if (!(await stat(join(ROOT, file)).catch(() => null))?.isFile()) continue;
    const to = file === path ? place : join(place, relative(path, file));
    await mkdir(dirname(to), { recursive: true });
    await cp(join(ROOT, file), to);
  }
}

function idsOf(user: string): [number, number] {
  const [uid = 0, gid = 0] = user.split(':').map(Number);
  return [uid, gid];
}

async function sizeOf(root: string): Promise<number> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const sizes = entries.map((entry) =>
    entry.isFile() ? statSync(join(entry.parentPath, entry.name)).size : 0,
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
