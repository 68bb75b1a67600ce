import { chmod, mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { backUp } from '../../src/backup/dump.ts';
import { openEmbedded } from '../../src/embedded/database.ts';
import { restore } from '../../src/backup/restore.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { silent } from '../support/template.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const never = new AbortController().signal;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-closed-'));
  await chmod(folder, 0o755);
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function modeOf(...path: string[]): Promise<string> {
  return ((await stat(join(...path))).mode & 0o777).toString(8);
}

test.skipIf(process.platform === 'win32')(
  'a database restored into a folder that is open to all is closed to others',
  async () => {
    const dataDir = await copyEmbeddedTemplate();
    const source = await openEmbedded(dataDir, silent);
    const file = join(folder, 'b.gz');
    await backUp(source.pool, file, never);
    await source.close();
    await rm(dataDir, { recursive: true });

    const restored = join(folder, 'restored');
    await mkdir(restored, { mode: 0o755 });
    await restore(file, restored, silent);
    expect(await modeOf(restored, 'postgres')).toBe('700');
  },
);

test.skipIf(process.platform === 'win32')('opening a database closes it to other users', async () => {
  const dataDir = await copyEmbeddedTemplate();
  await chmod(join(dataDir, 'postgres'), 0o777);
  const { close } = await openEmbedded(dataDir, silent);
  expect(await modeOf(dataDir, 'postgres')).toBe('700');
  await close();
  await rm(dataDir, { recursive: true });
});
