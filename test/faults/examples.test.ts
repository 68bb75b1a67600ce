import { afterAll, beforeAll, expect, test } from 'vitest';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';
import { AvatarsDocument } from '../../src/generated/contract/graphql.ts';
import { freePort } from '../support/free-port.ts';
import { portraits } from '../support/photos.ts';
import { startTestApp } from '../support/test-app.ts';

const SCRIPT = fileURLToPath(new URL('../../examples/headshots.mjs', import.meta.url));
const app = await startTestApp();
let folder: string;
let photos: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-examples-'));
  photos = join(folder, 'photos');
});
afterAll(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

const run = (from: string, url = app.url) =>
  promisify(execFile)(process.execPath, [SCRIPT, from, 'tea at dawn'], {
    cwd: folder,
    env: { LIKENESS_URL: url },
  });

async function avatarCount(): Promise<number> {
  const { avatars } = await app.execute(AvatarsDocument, { first: 100 });
  return avatars.edges.length;
}

test('examples/headshots goes from a folder of photos to a picture', async () => {
  await mkdir(photos);
  for (const { name, bytes } of await portraits(app.simulator, 11))
    await writeFile(join(photos, name), bytes);
  await writeFile(join(photos, 'notes.txt'), 'no photo');

  const { stdout } = await run(photos);

  expect(stdout.match(/ACCEPTED/g)).toHaveLength(11);
  expect(stdout).toMatch(/COMPLETED 100 %\nheadshot\.jpg: tea at dawn\n$/);
  expect([...(await readFile(join(folder, 'headshot.jpg'))).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
});

test('examples/headshots says why it stops', async () => {
  const empty = join(folder, 'empty');
  await mkdir(empty);
  const stopsWith = (text: string) => ({ code: 1, stderr: expect.stringContaining(text) as string });
  await expect(run(empty)).rejects.toMatchObject(stopsWith('empty has 0 JPEG, PNG or WebP photos'));
  await expect(run(join(folder, 'missing'))).rejects.toMatchObject(stopsWith('no such file or directory'));
  const few = join(folder, 'few');
  await mkdir(few);
  for (const { name, bytes } of await portraits(app.simulator, 3)) await writeFile(join(few, name), bytes);
  const before = await avatarCount();
  await expect(run(few)).rejects.toMatchObject(stopsWith('few has 3 JPEG, PNG or WebP photos'));
  expect(await avatarCount()).toBe(before);
  await expect(run(photos, `http://127.0.0.1:${await freePort()}`)).rejects.toMatchObject(
    stopsWith('Run npm start, or set LIKENESS_URL.'),
  );
});
