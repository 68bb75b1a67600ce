import { mkdtemp, readdir, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataDir, PREFIX } from '../../src/db/data-dir-lock.ts';
import { HolderNotAnsweringError, requestOfHolder } from '../../src/db/data-dir-request.ts';
import { listen, type Claim } from '../../src/db/lock-socket.ts';
import { startChild, type Child } from '../support/child-process.ts';
import { silent } from '../support/template.ts';

const HOLDER = fileURLToPath(new URL('lock-holder.ts', import.meta.url));
const BRIEF = { patienceMs: 500 };

let folder: string;
let holder: Child | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'likeness-request-'));
});
afterEach(async () => {
  await holder?.kill();
  await rm(folder, { recursive: true, force: true });
});

test('a folder that nobody uses, or that a dead process used, has nobody to ask', async () => {
  expect(await requestOfHolder(folder, 'hello', BRIEF)).toBeUndefined();
  holder = startChild(HOLDER, [folder]);
  expect(await holder.line()).toBe('held');
  await holder.kill();
  expect(await readdir(folder)).toHaveLength(1);
  expect(await requestOfHolder(folder, 'hello', BRIEF)).toBeUndefined();
});

test('a holder answers, and knows when its asker has gone', async () => {
  const lock = await lockDataDir(folder, silent);
  let isGone = false;
  lock.answer(async (text, { gone }) => {
    gone.addEventListener('abort', () => (isGone = true));
    return `${text} yourself`;
  });
  const reply = await requestOfHolder(folder, 'hello', BRIEF);
  expect(reply?.line).toBe('hello yourself');
  expect(isGone).toBe(false);
  reply?.leave();
  await expect.poll(() => isGone).toBe(true);
  await lock.release();
});

test('a holder that does not answer is waited for and named; it is never taken for nobody', async () => {
  holder = startChild(HOLDER, [folder]);
  expect(await holder.line()).toBe('held');
  holder.process.kill('SIGSTOP');
  const refusal = await requestOfHolder(folder, 'hello', BRIEF).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(HolderNotAnsweringError);
  expect(String(refusal)).toContain(`${folder} is in use by a process that has not answered for 0.5 s`);

  const patient = requestOfHolder(folder, 'hello', { patienceMs: 30_000 });
  holder.process.kill('SIGCONT');
  expect((await patient)?.line).toBe('hello yourself');
});

test('a holder is waited for until it can answer, and once it no longer can', async () => {
  const lock = await lockDataDir(folder, silent);
  await expect(requestOfHolder(folder, 'hello', BRIEF)).rejects.toThrow('has been starting or ending');
  const asked = requestOfHolder(folder, 'hello');
  lock.answer(async () => 'here I am');
  expect((await asked)?.line).toBe('here I am');

  lock.answer(undefined);
  const late = requestOfHolder(folder, 'hello');
  await pause(300);
  await lock.release();
  expect(await late).toBeUndefined();
});

test('many that are silent are waited for no longer than one', async () => {
  const silentOnes = await Promise.all(
    ['one', 'two', 'three', 'four'].map(async (name) => {
      const server = net.createServer();
      await new Promise<void>((resolve) => server.listen(join(folder, `${PREFIX}${name}`), resolve));
      return server;
    }),
  );
  const asked = performance.now();
  await expect(requestOfHolder(folder, 'hello', BRIEF)).rejects.toThrow('has not answered for 0.5 s');
  expect(performance.now() - asked).toBeLessThan(3 * BRIEF.patienceMs);
  for (const server of silentOnes) server.close();
});

test('one that starts or leaves is waited for until it is known who has the folder', async () => {
  const claim: Claim = { pid: 1, state: 'starting' };
  const starter = await listen(
    join(folder, `${PREFIX}one`),
    () => claim,
    async () => 'here I am',
  );
  await expect(requestOfHolder(folder, 'hello', BRIEF)).rejects.toThrow('has been starting or ending');

  const asked = requestOfHolder(folder, 'hello');
  claim.state = 'holding';
  expect((await asked)?.line).toBe('here I am');

  claim.state = 'starting';
  const late = requestOfHolder(folder, 'hello');
  await starter.close();
  expect(await late).toBeUndefined();
});
