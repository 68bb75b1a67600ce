import { afterAll, expect, test } from 'vitest';
import { freshDatabase } from '../../support/database.ts';
import { readDatabaseId } from '../../../src/db/store/database-id.ts';

const first = await freshDatabase();
const second = await freshDatabase();
afterAll(async () => {
  await first.drop();
  await second.drop();
});

test('a database has one id, also when several instances ask for it first; another one has another', async () => {
  const ids = await Promise.all(Array.from({ length: 8 }, () => readDatabaseId(first.database.pool)));
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
  expect(await readDatabaseId(second.database.pool)).not.toBe(ids[0]);
});
