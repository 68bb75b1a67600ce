import { afterAll, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../../support/rows.ts';
import { freshDatabase } from '../../support/database.ts';
import { readMigrations } from '../../../src/db/migrations/migration-files.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { prisma, pool } = database;

/** The migration that fills the columns. */
async function fill(): Promise<void> {
  const migration = (await readMigrations()).find(({ name }) =>
    name.endsWith('artefacts_of_earlier_trainings'),
  );
  await pool.query(migration?.sql ?? '');
}

test('the newest completed training of an avatar gets its artifact, where it is certain', async () => {
  const trained = { artifactTrainer: 'FLUX_LORA_PORTRAIT', diffusersLoraFileUrl: 'https://f/l' };
  await prisma.avatar.createMany({
    data: [
      { ...avatarRow('lora'), ...trained, configFileUrl: 'https://f/c' },
      { ...avatarRow('finetune'), artifactTrainer: 'FLUX_PRO', finetuneId: 'ft' },
      { ...avatarRow('other trainer'), ...trained },
      { ...avatarRow('untrained') },
      { ...avatarRow('without jobs'), ...trained },
    ],
  });
  const job = (id: string, avatarId: string, columns: object) => ({
    ...jobRow(id, avatarId),
    state: 'COMPLETED' as const,
    settledAt: new Date(`2026-01-0${id.at(-1)}T00:00:00Z`),
    ...columns,
  });
  await prisma.job.createMany({
    data: [
      job('lora-1', 'lora', {}),
      job('lora-2', 'lora', {}),
      job('lora-3', 'lora', { state: 'FAILED' }),
      job('finetune-1', 'finetune', { trainer: 'FLUX_PRO' }),
      job('other-1', 'other trainer', {}),
      job('other-2', 'other trainer', { trainer: 'FLUX_2' }),
      job('untrained-1', 'untrained', { state: 'CANCELLED' }),
      job('drawn-4', 'lora', { kind: 'GENERATION' }),
    ],
  });

  await fill();

  const kept = await prisma.job.findMany({ orderBy: { id: 'asc' }, select: { id: true, artifact: true } });
  expect(kept.filter(({ artifact }) => artifact !== null)).toEqual([
    { id: 'finetune-1', artifact: { kind: 'FINETUNE', finetuneId: 'ft' } },
    { id: 'lora-2', artifact: { kind: 'LORA', loraUrl: 'https://f/l', configUrl: 'https://f/c' } },
  ]);
  const avatars = await prisma.avatar.findMany({ where: { artifactTrainingId: { not: null } } });
  expect(new Map(avatars.map(({ id, artifactTrainingId }) => [id, artifactTrainingId]))).toEqual(
    new Map([
      ['lora', 'lora-2'],
      ['finetune', 'finetune-1'],
    ]),
  );
});
