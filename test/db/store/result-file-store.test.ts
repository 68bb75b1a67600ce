import { afterAll, describe, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../../support/rows.ts';
import { createJobStore } from '../../../src/db/store/job-store.ts';
import { artifactFilesOf, type Artifact } from '../../../src/catalog/artifact.ts';
import { freshDatabase } from '../../support/database.ts';
import { newId } from '../../../src/jobs/ids.ts';
import { NO_LIMITS } from '../../../src/domain/quota.ts';
import { PgResultFileStore } from '../../../src/db/store/result-file-store.ts';
import type { LeasedFile } from '../../../src/jobs/files/copy-files.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma, pool } = database;

const lora = { kind: 'LORA', loraUrl: 'https://fal.example/1' } as const;

test.each<[what: string, artifact: Artifact, count: number]>([
  ['a file', { ...lora, configUrl: null }, 1],
  ['a file with its configuration', { ...lora, configUrl: 'https://fal.example/0' }, 2],
  [
    'several files with their configuration',
    {
      ...lora,
      otherLoraUrls: ['https://fal.example/3', 'https://fal.example/2'],
      configUrl: 'https://fal.example/0',
    },
    4,
  ],
  ['no file', { kind: 'FINETUNE', finetuneId: 'f' }, 0],
])(
  'an artifact of %s has the same files in the API, in the list of copies and in a receipt',
  async (_what, artifact, count) => {
    const avatarId = newId('avt');
    await prisma.avatar.create({ data: avatarRow(avatarId) });
    const id = newId('job');
    await prisma.job.create({ data: { ...jobRow(id, avatarId), state: 'COMPLETED', artifact } });
    await new PgResultFileStore(pool, 'instance').listFiles(10);

    const urls = artifactFilesOf(artifact);
    expect(urls).toHaveLength(count);
    const listed = await prisma.resultFile.findMany({
      where: { sourceId: id },
      orderBy: { position: 'asc' },
    });
    expect(listed.map(({ position, url }) => [position, url])).toEqual([...urls.entries()]);
    const store = createJobStore(database, { ...NO_LIMITS, avatarsPerOwner: null }, 'instance');
    const { removed } = (await store.deleteAvatar('owner', avatarId)) ?? {};
    expect(removed?.atFal.map(({ url }) => url).sort()).toEqual([...urls].sort());
  },
);

describe('of an instance whose lease another one has taken over', () => {
  const [late, holder] = [new PgResultFileStore(pool, 'late'), new PgResultFileStore(pool, 'holder')];

  /** A lease that ended a second ago, and that of the other instance. */
  async function takenOver(): Promise<{ ended: LeasedFile; held: LeasedFile }> {
    const avatarId = newId('avt');
    await prisma.avatar.create({ data: avatarRow(avatarId) });
    const file = { sourceId: newId('job'), position: 0 };
    const row = { ...file, avatarId, ownerId: 'owner', kind: 'ARTIFACT', url: lora.loraUrl };
    await prisma.resultFile.create({ data: { ...row, nextAttemptAt: new Date(0) } });
    const ended = await late.claim(file, -1000);
    const held = await holder.claim(file, 60_000);
    if (ended === null || held === null) throw new Error('Expected a file that is due, got none');
    return { ended, held };
  }

  const copyAt = (key: string) => ({ key, size: 3, sha256: 'abc', contentType: 'image/png' });

  test('the copy is not recorded, before and after that of the other', async () => {
    const { ended, held } = await takenOver();
    expect(await late.markStored(ended, copyAt('late'))).toBe(false);
    expect(await holder.find(held)).toMatchObject({ state: 'PENDING', key: null, isLeased: true });
    expect(await holder.markStored(held, copyAt('copy'))).toBe(true);
    expect(await late.markStored(ended, copyAt('later'))).toBe(false);
    expect(await holder.find(held)).toMatchObject({ state: 'STORED', key: 'copy' });
  });

  test('a failure neither ends the lease of the other nor takes its copy back', async () => {
    const { ended, held } = await takenOver();
    const fail = () => late.markFailed(ended, 'broken off', { retryInMs: null, isAttempt: true });
    await fail();
    expect(await holder.find(held)).toMatchObject({ state: 'PENDING', failure: null, isLeased: true });
    expect(await holder.markStored(held, copyAt('other copy'))).toBe(true);
    await fail();
    expect(await holder.find(held)).toMatchObject({ state: 'STORED', key: 'other copy', failure: null });
  });
});
