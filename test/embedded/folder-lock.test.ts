import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataDirInUseError, lockFolder } from '../../src/embedded/folder-lock.ts';
import { openDatabase } from '../../src/open-database.ts';
import { startChild, type Child } from '../support/child-process.ts';
import { silent } from '../support/template.ts';

const HOLDER = fileURLToPath(new URL('../support/lock-holder.ts', import.meta.url));

let folder: string;
let holder: Child | null;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-lock-'));
  holder = null;
});
afterEach(async () => {
  await holder?.kill();
  await rm(folder, { recursive: true, force: true });
});

describe('a data folder', () => {
  test('that another process uses is refused, also while that one is stopped, and free after it was killed', async () => {
    holder = startChild(HOLDER, [folder]);
    expect(await holder.line()).toBe('held');

    const refusal = await openDatabase({ dataDir: folder, log: silent }).catch((error: unknown) => error);

    expect(refusal).toBeInstanceOf(DataDirInUseError);
    expect(refusal).toMatchObject({ dataDir: folder, pid: holder.pid });
    expect(String(refusal)).toContain(folder);
    expect(String(refusal)).toContain(`process ${holder.pid}`);

    holder.process.kill('SIGSTOP');
    await expect(lockFolder(folder, silent)).rejects.toBeInstanceOf(DataDirInUseError);

    await holder.kill();
    const lock = await lockFolder(folder, silent);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('that this process uses is refused', async () => {
    const lock = await lockFolder(folder, silent);

    await expect(lockFolder(folder, silent)).rejects.toMatchObject({ dataDir: folder, pid: process.pid });
    await lock.release();
  });

  test('can be locked again after its release', async () => {
    const first = await lockFolder(folder, silent);
    await first.release();

    const second = await lockFolder(folder, silent);
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('can be released while a client is connected', async () => {
    const first = await lockFolder(folder, silent);
    const [name = ''] = await readdir(folder);
    const asker = net.connect({ path: join(folder, name), allowHalfOpen: true });
    await once(asker, 'connect');

    await first.release();
    expect(await readdir(folder)).toEqual([]);
    asker.destroy();
  });

  test('is locked by exactly one of many concurrent calls', async () => {
    for (let round = 0; round < 25; round++) {
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder, silent)));

      const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      expect(won).toHaveLength(1);
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(DataDirInUseError);
      }
      await won[0]?.release();
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test('is the same by every path, however long', async () => {
    const deep = join(folder, 'd'.repeat(120));
    await mkdir(deep);
    const shortcut = join(folder, 'shortcut');
    await symlink(deep, shortcut);

    const lock = await lockFolder(deep, silent);
    for (const path of [deep, shortcut])
      await expect(lockFolder(path, silent)).rejects.toMatchObject({ pid: process.pid });
    await lock.release();
  });
});
