import { readdir, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { copyIn, COPY_REQUEST } from '../../src/db/copy-request.ts';
import { requestOfHolder } from '../../src/db/data-dir-request.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';
import { silent } from '../support/template.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const PATIENCE_MS = 30_000;

let dataDir: string;

beforeEach(async () => {
  dataDir = await copyEmbeddedTemplate();
});
afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

async function named(beginning: string): Promise<string[]> {
  return (await readdir(dataDir)).filter((name) => name.startsWith(beginning));
}

test('a server that opens its database, or closes it, is waited for', async () => {
  const opening = openDatabase({ dataDir, log: silent });
  await eventually('its lock', async () => ((await named('lock.')).length > 0 ? true : null), PATIENCE_MS);
  const reply = await requestOfHolder(dataDir, COPY_REQUEST);
  expect(copyIn(reply?.line ?? '')).toMatch(/^copy\./);
  reply?.leave();

  const database = await opening;
  const client = await database.pool.connect();
  const closing = database.close(); // waits for the client
  await pause(100);
  const asked = requestOfHolder(dataDir, COPY_REQUEST);
  await pause(300);
  client.release();
  await closing;
  expect(await asked).toBeUndefined();
  await eventually(
    'the copy to be gone',
    async () => ((await named('copy.')).length === 0 ? true : null),
    PATIENCE_MS,
  );
});

test('a server that closes its database while it is copied tells the asker and leaves nothing', async () => {
  const database = await openDatabase({ dataDir, log: silent });
  const asked = requestOfHolder(dataDir, COPY_REQUEST);
  await eventually('a beginning', async () => ((await named('copy.')).length > 0 ? true : null), PATIENCE_MS);
  await database.close();
  expect(await named('copy.')).toEqual([]);
  expect((await asked)?.line).toBe('{"error":"the server ends"}');
});
