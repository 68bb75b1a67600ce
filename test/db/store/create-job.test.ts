import { afterAll, expect, test } from 'vitest';
import { avatarRow, jobRow } from '../../support/rows.ts';
import { createJobStore } from '../../../src/db/store/job-store.ts';
import { lockWaits } from '../../support/lock-waits.ts';
import { freshDatabase, testedDatabase } from '../../support/database.ts';
import { newId } from '../../../src/jobs/ids.ts';
import { NO_LIMITS, type SpendLimits } from '../../../src/domain/quota.ts';

const { database, drop } = await freshDatabase();
afterAll(drop);
const { pool, prisma } = database;

const INSTANCES = 6;
const LIMIT = 2;

// The embedded database has one session, so transactions do not overlap.
test
  .skipIf(testedDatabase === 'embedded')
  .each<[whose: string, Partial<SpendLimits>, (n: number) => string]>([
    ['one owner', { trainingsPerDay: LIMIT }, () => 'ada'],
    ['all owners', { totalTrainingsPerDay: LIMIT }, (n) => `owner-${n}`],
  ])(
  'of calls to several instances at once no more start than the limit of %s allows (PostgreSQL only)',
  async (_whose, limits, ownerOf) => {
    await pool.query('DELETE FROM avatars; DELETE FROM jobs');
    const avatars = Array.from({ length: INSTANCES }, (_, n) => ({
      ...avatarRow(newId('avt')),
      ownerId: ownerOf(n),
    }));
    await prisma.avatar.createMany({ data: avatars });
    // No job is written before all calls have counted, or wait to count.
    const holder = await pool.connect();
    await holder.query('BEGIN; LOCK TABLE jobs IN SHARE MODE');
    const creations = avatars.map(({ id, ownerId }, n) => {
      const instance = createJobStore(
        database,
        { ...NO_LIMITS, ...limits, avatarsPerOwner: null },
        `instance-${n}`,
      );
      const { kind: _kind, ...job } = jobRow(newId('job'), id);
      const training = { ...job, ownerId, triggerPhrase: 'ADA', idempotency: null };
      return instance.createTraining(training as never);
    });
    await lockWaits(pool, INSTANCES);
    await holder.query('COMMIT');
    holder.release();

    const refused = (await Promise.all(creations)).filter((creation) => 'refused' in creation);
    expect(refused).toHaveLength(INSTANCES - LIMIT);
    for (const { refused: refusal } of refused) expect(refusal.code).toBe('LIMIT_EXCEEDED');
    expect(await prisma.job.count()).toBe(LIMIT);
  },
);
