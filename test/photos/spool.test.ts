import { afterAll, expect, test } from 'vitest';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { chunks } from '../support/chunks.ts';
import { join } from 'node:path';
import { Spool } from '../../src/photos/spool.ts';
import { tmpdir } from 'node:os';

const folder = await mkdtemp(join(tmpdir(), 'likeness-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const spool = new Spool(folder);
const LIMITS = { size: 6, stallMs: 10_000, timeoutMs: 10_000 };

/** Some bytes, and then nothing for ever. */
const silent: AsyncIterable<Uint8Array> = {
  [Symbol.asyncIterator]: () => {
    let isFirst = true;
    return {
      next: () => {
        if (!isFirst) return new Promise<never>(() => undefined);
        isFirst = false;
        return Promise.resolve({ done: false, value: new Uint8Array(3) });
      },
    };
  },
};

test('an upload of its size is on the disk, with its hash and first bytes', async () => {
  const spooled = await spool.receive(chunks('abc', 'def'), LIMITS);
  expect(spooled).toMatchObject({
    kind: 'spooled',
    sha256: 'bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721',
  });
  if (spooled.kind !== 'spooled') return;
  expect(Buffer.from(spooled.head).toString()).toBe('abcdef');
  await spool.remove(spooled.path);
  expect(await readdir(folder)).toEqual([]);
});

test.each<[what: string, kind: string, content: AsyncIterable<Uint8Array>, limits: typeof LIMITS]>([
  ['too long', 'wrong-length', chunks('abc', 'defg'), LIMITS],
  ['too short', 'wrong-length', chunks('abc'), LIMITS],
  ['silent', 'too-slow', silent, { ...LIMITS, stallMs: 20 }],
  ['slower than its time', 'too-slow', silent, { ...LIMITS, timeoutMs: 20 }],
])('an upload that is %s leaves nothing', async (_what, kind, content, limits) => {
  expect(await spool.receive(content, limits)).toEqual({ kind });
  expect(await readdir(folder)).toEqual([]);
});

test('an upload that breaks off, or finds no space, leaves nothing', async () => {
  const broken = (async function* () {
    yield* chunks('abc');
    throw new Error('aborted');
  })();
  expect(await spool.receive(broken, LIMITS)).toEqual({ kind: 'broken' });
  expect(await readdir(folder)).toEqual([]);
});

test('files that a killed process left behind are removed once they are old', async () => {
  for (const name of ['old', 'new']) await writeFile(join(folder, name), 'x');
  await utimes(join(folder, 'old'), 0, 0);
  await spool.sweep(60_000);
  expect(await readdir(folder)).toEqual(['new']);
});
