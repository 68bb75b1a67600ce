import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApp } from '../support/test-app.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc');
const app = await startTestApp();
const folder = await mkdtemp(join(tmpdir(), 'likeness-client-'));
const modules = join(folder, 'app/node_modules');

/** An application that installed what `npm publish` would send, with the packages that it depends on. */
beforeAll(async () => {
  const source = join(ROOT, 'packages/client');
  const built = join(folder, 'built');
  for (const file of ['package.json', 'README.md', 'LICENSE'])
    await cp(join(source, file), join(built, file));
  await run(process.execPath, [
    TSC,
    '--project',
    join(source, 'tsconfig.build.json'),
    '--outDir',
    join(built, 'dist'),
  ]);
  await mkdir(join(modules, '@likeness/client'), { recursive: true });
  await run('npm', ['pack', '--pack-destination', folder], { cwd: built });
  const tarball = join(folder, 'likeness-client-0.1.0.tgz');
  await run('tar', ['-xzf', tarball, '--strip-components', '1', '-C', join(modules, '@likeness/client')]);
  await mkdir(join(modules, '@types'));
  for (const name of ['graphql-ws', 'react', '@types/react'])
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await app.close();
});

test('the package has its code, types, README and licence, and nothing else', async () => {
  const files = await readdir(join(modules, '@likeness/client'));
  expect(files.sort()).toEqual(['LICENSE', 'README.md', 'dist', 'package.json']);
});

/** The examples of the README, as one module. */
async function examples(): Promise<string> {
  const readme = await readFile(join(ROOT, 'packages/client/README.md'), 'utf8');
  const blocks = [...readme.matchAll(/^```tsx?\n(.*?)^```/gms)].map(([, code = '']) => code);
  expect(blocks.length).toBeGreaterThan(2);
  const surroundings = `
    declare const session: { getToken(): Promise<string> };
    declare const input: HTMLInputElement;
    declare const bar: HTMLProgressElement;
    declare const root: { render(element: unknown): void };
    // @ts-expect-error No such type of training.
    void client.createAvatar({ name: 'Ada', trainingType: 'LANDSCAPE' });
  `;
  return [...blocks, surroundings].join('\n');
}

test.each([
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])('the examples of its README compile in a strict project (module %s)', async (module, moduleResolution) => {
  const project = join(folder, `app/tsconfig.${module}.json`);
  const compilerOptions = {
    ...{
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable'],
      types: [],
      jsx: 'react-jsx',
    },
    ...{ strict: true, exactOptionalPropertyTypes: true, noEmit: true },
  };
  await writeFile(join(folder, 'app/package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'app/examples.tsx'), await examples());
  await writeFile(project, JSON.stringify({ compilerOptions, files: ['examples.tsx'] }));
  const { stdout } = await run(process.execPath, [TSC, '--project', project]).catch(
    (error: unknown) => error as { readonly stdout: string },
  );
  expect(stdout).toBe('');
});

test('Node runs it as it is, from photos to a picture, and ends', async () => {
  await writeFile(
    join(folder, 'app/main.mjs'),
    `
import { createClient } from '@likeness/client';
const client = createClient({ url: process.argv[2] });
const { id } = await client.createAvatar({ name: 'Ada', trainingType: 'PORTRAIT' });
await client.startTraining({ avatarId: id, imagesUrl: 'https://photos.example/likeness.zip' });
for await (const { status } of client.watchAvatar(id, { untilFinal: true })) console.log(status);
const { imageUrl } = await client.generateImage({ avatarId: id, prompt: 'tea', waitSeconds: 60 });
console.log(typeof imageUrl);
`,
  );
  const { stdout } = await run(process.execPath, [join(folder, 'app/main.mjs'), app.graphqlUrl]);
  expect(stdout.trim().split('\n').slice(-2)).toEqual(['COMPLETED', 'string']);
});
