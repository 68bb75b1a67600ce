import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));
const PROGRAM = `function greet(name) { return 'hello ' + [name].map((x) => x.toUpperCase()).join(); }
class Sum { constructor(a) { this.a = a; } get next() { return this.a + 1; } }
require('node:v8').setFlagsFromString('--wasm-tiering-budget=1000000000');
console.log(greet('ada'), new Sum(1).next);`;

const folder = await mkdtemp(join(tmpdir(), 'likeness-bundle-'));
afterAll(() => rm(folder, { recursive: true }));
const runner = join(folder, 'run-bundle.js');
const bundle = join(folder, 'main.js');
await copyFile(join(SCRIPTS, 'run-bundle.cjs'), runner);
await writeFile(bundle, PROGRAM);
const node = async (...args: string[]) => (await promisify(execFile)(process.execPath, args)).stdout;
await node(join(SCRIPTS, 'cache-bundle.cjs'), runner, bundle);
const cache = await readFile(`${bundle}.cache`);

async function outputWith(bytes: Buffer): Promise<string> {
  await writeFile(`${bundle}.cache`, bytes);
  return node('-e', 'require(process.argv[1]).runBundle(process.argv[2])', runner, bundle);
}

function damagedAt(place: number): Buffer {
  const bytes = Buffer.from(cache);
  bytes.fill(0xff, place, place + 8);
  return bytes;
}

test.each<[state: string, bytes: Buffer]>([
  ['is whole', cache],
  ['is empty', Buffer.alloc(0)],
  ['is cut off', cache.subarray(0, cache.length / 2)],
  ...[0.1, 0.3, 0.5, 0.7, 0.9].map((part): [string, Buffer] => [
    `is damaged at ${part}`,
    damagedAt(Math.floor(part * cache.length)),
  ]),
])('a bundle runs when its compiled code %s', async (_state, bytes) => {
  expect(await outputWith(bytes)).toBe('hello ADA 2\n');
});

test('the compiled code is accepted, although the program sets flags of V8', async () => {
  await writeFile(`${bundle}.cache`, cache);
  const print = `const { compiled, readCache } = require(process.argv[1]);
    console.log(compiled(process.argv[2], readCache(process.argv[2] + '.cache')).cachedDataRejected)`;
  expect(await node('-e', print, runner, bundle)).toBe('false\n');
});
