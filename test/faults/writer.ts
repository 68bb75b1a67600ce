// node --import tsx test/faults/writer.ts: opens the database its environment names, writes row after row and prints the id
// of each one that was acknowledged, until it is killed.
import { openDatabase } from '../../src/open-database.ts';
import { optionsOf } from '../support/database.ts';
import { printLine } from '../support/print-line.ts';
import { avatarRow } from '../support/rows.ts';

const database = await openDatabase(optionsOf(process.env));
for (let n = 0; ; n++) {
  const id = `${process.pid}-${n}`;
  await database.prisma.$transaction(async (tx) => {
    await tx.avatar.create({ data: avatarRow(id) });
    await tx.announcement.create({ data: { kind: 'AVATAR', ownerId: 'owner', entityId: id, version: 1 } });
  });
  printLine(id);
}
