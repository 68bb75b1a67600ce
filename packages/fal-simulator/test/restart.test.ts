import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ELSEWHERE, LORA, PORTRAIT, PRO, receive, fixture, TINY, ULTRA } from './support/fixture.ts';

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

test('what was made yesterday can be used today, under the same URLs', async () => {
  const dir = folder();
  const first = await fixture({ dir });
  const url = await first.fal.storage.upload(new File(['hi'], 'a.txt', { type: 'text/plain' }));
  const trained = await first.result(await first.submit(PORTRAIT, { images_data_url: ELSEWHERE }));
  const lora = trained.body['diffusers_lora_file'] as { url: string };
  const pro = await first.submit(PRO, { data_url: ELSEWHERE, finetune_comment: 'x' });
  const finetune = (await first.result(pro)).body['finetune_id'];
  const keys = (await first.ask('GET', first.simulator.jwksUrl)).body;
  await first.simulator.close();

  const second = await fixture({ dir });
  expect(second.simulator.url).toBe(first.simulator.url);
  expect((await second.ask('GET', second.simulator.jwksUrl)).body).toEqual(keys);
  expect((await second.ask('GET', url)).body).toEqual({ text: 'hi' });
  expect((await second.result(pro)).body['finetune_id']).toBe(finetune);
  const drawn = await second.submit(LORA, { ...TINY, loras: [{ path: lora.url }] });
  expect((await second.result(drawn)).status).toBe(200);
  const tuned = { prompt: 'x', finetune_id: finetune, finetune_strength: 1, aspect_ratio: '1:1' };
  expect((await second.result(await second.submit(ULTRA, tuned))).status).toBe(200);
  expect(second.simulator.requests()).toHaveLength(4);
});

test('an open run goes on after a restart, and is told', async () => {
  const dir = folder();
  const hook = await receive();
  const first = await fixture({ dir, timing: { queueMs: 0, trainMs: 60_000 } });
  const run = await first.submit(PORTRAIT, { images_data_url: ELSEWHERE }, hook.url);
  while ((await first.status(run)).body['status'] !== 'IN_PROGRESS');
  await first.simulator.close();
  expect(hook.received).toEqual([]);

  const second = await fixture({ dir });
  expect((await second.result(run)).status).toBe(200);
  await hook.count(1);
});

test('a webhook that was not accepted before the end is sent after the restart', async () => {
  const dir = folder();
  const hook = await receive(503);
  const first = await fixture({ dir, timing: { webhookRetryMs: [60_000] } });
  await first.submit(LORA, TINY, hook.url);
  await hook.count(1);
  await expect.poll(() => first.simulator.deliveries()[0]?.result).toBe('will retry');
  await first.simulator.close();

  await fixture({ dir });
  await hook.count(2);
});

test('the key of the caller never reaches the disk', async () => {
  const dir = folder();
  const { submit, completed } = await fixture({ dir });
  await completed(await submit(LORA, TINY));
  const names = readdirSync(dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(names.length).toBeGreaterThan(3);
  for (const { parentPath, name } of names)
    expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain('id:secret');
});

test.skipIf(process.platform === 'win32')('no other user of the machine can enter its folder', async () => {
  const dir = folder();
  chmodSync(dir, 0o755);
  await fixture({ dir });
  expect(statSync(dir).mode & 0o777).toBe(0o700);
});

test('a folder with broken documents does not keep it from starting', async () => {
  const dir = folder();
  const first = await fixture({ dir });
  await first.completed(await first.submit(LORA, TINY));
  await first.simulator.close();
  for (const name of ['keys', 'port', 'finetunes', 'runs/broken', 'files/broken']) {
    writeFileSync(join(dir, `${name}.json`), '{"half');
  }
  writeFileSync(join(dir, 'requests.jsonl'), '{"half', { flag: 'a' });
  const second = await fixture({ dir });
  expect((await second.completed(await second.submit(LORA, TINY))).status).toBe(200);
});

test('a taken port is an error when it was asked for by number', async () => {
  const { simulator } = await fixture();
  await expect(fixture({ port: Number(new URL(simulator.url).port) })).rejects.toThrow('EADDRINUSE');
});

test('closing ends open streams, hanging answers and waiting runs at once', async () => {
  const { simulator, submit, ask } = await fixture({ timing: { queueMs: 60_000, trainMs: 60_000 } });
  const run = await submit(PORTRAIT, { images_data_url: ELSEWHERE });
  const stream = await fetch(`${run.status_url}/stream`, { headers: { authorization: 'Key k' } });
  const streamed = stream.text().catch(() => 'broken off');
  simulator.program({ scenario: 'hang' });
  const hanging = ask('POST', `/${LORA}`, TINY).catch(() => 'broken off');
  await expect.poll(() => simulator.requests().map(({ answered }) => answered)).toEqual([200, 'hang']);
  await simulator.close();
  await simulator.close();
  expect(await Promise.all([streamed, hanging])).toEqual(['broken off', 'broken off']);
  await expect(fetch(simulator.url)).rejects.toThrow();
});
