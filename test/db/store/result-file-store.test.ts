import { afterAll, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../../support/rows.ts';
import { createJobStore } from '../../../src/db/store/job-store.ts';
import { artifactFilesOf, type Artifact } from '../../../src/catalog/artifact.ts';
import { freshDatabase } from '../../support/database.ts';
import { newId } from '../../../src/jobs/ids.ts';
import { NO_LIMITS } from '../../../src/domain/quota.ts';
import { PgResultFileStore } from '../../../src/db/store/result-file-store.ts';

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
