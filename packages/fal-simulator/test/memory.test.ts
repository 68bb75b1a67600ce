import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createOverrides } from '../src/overrides.ts';
import { createRecent } from '../src/recent.ts';
import { createRequestLog } from '../src/request-log.ts';
import { createRunStore } from '../src/run-store.ts';
import { createStateFolder } from '../src/state-folder.ts';
import type { RecordedRequest } from '../src/record.ts';
import type { Run } from '../src/run.ts';

const MEGABYTE = 1024 * 1024;

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'simulator-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, 'state');
}

function record(body: string): RecordedRequest {
  const about = { requestId: 'r', endpoint: 'e', headers: {}, query: {}, webhookUrl: null };
  return { ...about, body, receivedAt: 0, scenarios: [], answered: 200 };
}

function run(id: string, more: Partial<Run> = {}): Run {
  const over = { state: 'COMPLETED', webhookSettled: true, completedAt: 0, outcome: null } as const;
  const times = { submittedAt: 0, queuedAt: 0, queueMs: 0, startedAt: 0, startTimeoutMs: null };
  const about = { gatewayId: id, endpoint: 'fal-ai/x', input: {}, webhookUrl: null, scenarios: [], logs: [] };
  return { id, ...about, ...times, ...over, cancelled: false, statusReads: 0, ...more };
}

test('of what happened the newest is remembered, by number and by size', () => {
  const recent = createRecent<string>({ most: 3, mostBytes: 10 });
  for (const [text, size] of [
    ['a', 1],
    ['b', 1],
    ['c', 1],
    ['d', 1],
  ] as const)
    recent.add(text, size);
  expect(recent.all).toEqual(['b', 'c', 'd']);
  recent.add('e', 9);
  expect(recent.all).toEqual(['d', 'e']);
  recent.add('f', 1_000);
  expect(recent.all).toEqual(['f']);
});

test('the log of submits stays small in memory and on disk, and the newest survive a restart', () => {
  const dir = folder();
  const log = createRequestLog(createStateFolder(dir));
  const body = 'x'.repeat(64 * 1024);
  for (let number = 0; number < 700; number += 1) {
    const one = record(`${number} ${body}`);
    log.begin(one);
    log.end(one);
  }
  expect(log.all().length).toBeLessThanOrEqual(256);
  expect(statSync(join(dir, 'requests.jsonl')).size).toBeLessThan(33 * MEGABYTE);
  const again = createRequestLog(createStateFolder(dir));
  expect(again.all().at(-1)).toEqual(log.all().at(-1));
  expect(statSync(join(dir, 'requests.jsonl')).size).toBeLessThan(17 * MEGABYTE);
});

test('the oldest runs that are over are forgotten, those that go on never', () => {
  const dir = folder();
  const limits = { most: 3, mostBytes: MEGABYTE };
  const book = createRunStore(createStateFolder(dir), limits);
  book.save(run('open', { state: 'IN_PROGRESS' }));
  book.save(run('untold', { webhookSettled: false }));
  for (const id of ['1', '2', '3', '4', '5']) book.save(run(id, { completedAt: Number(id) }));
  const kept = ['3.json', '4.json', '5.json', 'open.json', 'untold.json'];
  expect(readdirSync(join(dir, 'runs')).sort()).toEqual(kept);
  expect(book.get('2')).toBeNull();
  book.save(run('large', { completedAt: 6, input: { text: 'x'.repeat(MEGABYTE) } }));
  expect(['3', '4', '5', 'large', 'open'].filter((id) => book.get(id) !== null)).toEqual(['large', 'open']);

  const again = createRunStore(createStateFolder(dir), { ...limits, mostBytes: 2 * MEGABYTE });
  for (const id of ['7', '8', '9']) again.save(run(id, { completedAt: Number(id) }));
  expect(again.get('large')).toBeNull();
  expect(
    again
      .unfinished()
      .map(({ id }) => id)
      .sort(),
  ).toEqual(['open', 'untold']);
});

test('of overrides that nobody uses up the newest thousand stand', () => {
  const overrides = createOverrides();
  for (let number = 0; number < 1_005; number += 1) {
    overrides.add({ endpoint: `app/${number}`, scenario: 'fail' });
  }
  expect(overrides.forSubmit('app/4')).toEqual([]);
  expect(overrides.forSubmit('app/5')).toEqual(['fail']);
  expect(overrides.forSubmit('app/1004')).toEqual(['fail']);
});
