import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { execFileSync } from 'node:child_process';
import { memoryLog } from '../support/memory-log.ts';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PhotoProcess } from '../../src/photos/photo-process.ts';
import { spots } from '../support/photos.ts';
import { tmpdir } from 'node:os';
import { eventually } from '../support/eventually.ts';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const PHOTO = join(folder, 'photo');
await (await spots(1)).jpeg().toFile(PHOTO);

/** Children of this process that decode photos. */
function children(): number[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,args=']).toString().split('\n');
  return lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [])
    .filter(([, , parent, args = '']) => Number(parent) === process.pid && args.includes('openFile'))
    .map(([, pid]) => Number(pid));
}

/** Those of servers that another file of this worker left. */
let others: readonly number[] = [];
beforeEach(() => void (others = children()));
const started = () => children().filter((pid) => !others.includes(pid));

/** The one that the test started. */
function own(): number {
  const [pid, ...more] = started();
  if (pid === undefined || more.length > 0) throw new Error(`Not one process but ${[pid, ...more].join()}`);
  return pid;
}

/** Also true of one that has ended and that Node does not know of yet. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test('a process that dies during a photo costs that photo only', async () => {
  const log = memoryLog();
  const photos = new PhotoProcess(log);
  onTestFinished(() => photos.close());
  const ok = { format: 'jpeg', width: 512, height: 640 };
  expect(await photos.check('ada', PHOTO, `${PHOTO}.out`)).toMatchObject(ok);
  const pid = own();
  process.kill(pid, 'SIGSTOP');
  const stopped = photos.check('ada', PHOTO, `${PHOTO}.out`);
  const next = photos.check('ada', PHOTO, `${PHOTO}.out`);
  process.kill(pid, 'SIGKILL');
  expect(await stopped).toEqual({ problem: 'DAMAGED' });
  expect(await next).toMatchObject(ok);
});

test('a process that dies between two photos costs none', async () => {
  const photos = new PhotoProcess(memoryLog());
  onTestFinished(() => photos.close());
  await photos.check('ada', PHOTO, `${PHOTO}.out`);
  const pid = own();
  process.kill(pid, 'SIGKILL');
  await eventually('the process to be gone', () => (isThere(pid) ? null : true));
  expect(await photos.check('ada', PHOTO, `${PHOTO}.out`)).toMatchObject({ format: 'jpeg' });
});

test('owners take turns', async () => {
  const photos = new PhotoProcess(memoryLog());
  onTestFinished(() => photos.close());
  await photos.check('carol', PHOTO, `${PHOTO}.out`);
  const pid = own();
  process.kill(pid, 'SIGSTOP');
  const checked: string[] = [];
  const all = ['ada', 'ada', 'ada', 'bob'].map(async (owner) => {
    await photos.check(owner, PHOTO, `${PHOTO}.out`);
    checked.push(owner);
  });
  process.kill(pid, 'SIGCONT');
  await Promise.all(all);
  expect(checked).toEqual(['ada', 'bob', 'ada', 'ada']);
});

test('a server that closes ends the process, and judges no photo for it', async () => {
  const photos = new PhotoProcess(memoryLog());
  await photos.check('ada', PHOTO, `${PHOTO}.out`);
  const pid = own();
  process.kill(pid, 'SIGSTOP');
  const waiting = photos.check('ada', PHOTO, `${PHOTO}.out`).catch((error: unknown) => error);
  await photos.close();
  expect(isThere(pid)).toBe(false);
  expect(await waiting).toBeInstanceOf(Error);
});

test('a server that closes ends a process that waits for photos', async () => {
  const photos = new PhotoProcess(memoryLog());
  await photos.check('ada', PHOTO, `${PHOTO}.out`);
  const pid = own();
  await photos.close();
  expect(isThere(pid)).toBe(false);
});

test('a server that closes while the process starts ends it, and decodes no photo', async () => {
  const photos = new PhotoProcess(memoryLog());
  const waiting = photos.check('ada', PHOTO, `${PHOTO}.never`).catch((error: unknown) => error);
  const pid = await eventually('the process to be there', () => started()[0]);
  await photos.close();
  expect(isThere(pid)).toBe(false);
  expect(await waiting).toBeInstanceOf(Error);
  expect(existsSync(`${PHOTO}.never`)).toBe(false);
});
