import { expect, test } from 'vitest';
import { avatarRow } from '../support/rows.ts';
import { freshDatabase } from '../support/database.ts';

const announcement = { kind: 'AVATAR', ownerId: 'owner', entityId: 'avt', version: 1 } as const;

test('a fresh database has nothing of the one before it: no rows, no sequences, no tables, no settings', async () => {
  const first = await freshDatabase();
  await first.database.prisma.avatar.create({ data: avatarRow('avt') });
  await first.database.prisma.announcement.create({ data: announcement });
  await first.database.pool.query("SET work_mem = '123kB'");
  await first.drop();

  const second = await freshDatabase();
  expect(await second.database.prisma.avatar.count()).toBe(0);
  expect(await second.database.prisma.announcement.create({ data: announcement })).toMatchObject({ id: 1n });
  expect((await second.database.pool.query('SHOW work_mem')).rows).not.toEqual([{ work_mem: '123kB' }]);
  await second.database.pool.query('CREATE TABLE own (id int)');
  await second.drop();

  const third = await freshDatabase();
  await expect(third.database.pool.query('SELECT * FROM own')).rejects.toThrow('does not exist');
  await third.drop();
});
