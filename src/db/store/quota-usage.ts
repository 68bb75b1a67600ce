import { COUNTS } from '../run-conditions.ts';
import { Prisma } from '../../generated/prisma/client.ts';
import {
  checkQuota,
  type SpendLimits,
  type Spending,
  type Spent,
  type SpentMoney,
  type Usage,
} from '../../domain/quota.ts';

type Transaction = Prisma.TransactionClient;

/**
 * Checks the quotas inside the transaction that will write the job, under a lock for the owner and, with limits over all
 * owners, one for everybody: a concurrent call waits until this transaction ends and then counts its job. Resolves with
 * the refusal's message, or null when the job may be written.
 */
export async function refusedByQuota(
  tx: Transaction,
  ownerId: string,
  spending: Spending,
  limits: SpendLimits,
): Promise<string | null> {
  const locks = locksOf(ownerId, spending.kind, limits);
  if (locks.length === 0) return null;
  for (const name of locks) await lock(tx, name);
  return checkQuota(spending, await readUsage(tx, ownerId, spending, limits), limits);
}

/**
 * Names of the locks for a check of the limits: two calls that may use up the same limit have one in common. Those of all
 * owners come first, in one order for every call, which prevents deadlocks.
 */
export function locksOf(ownerId: string, kind: Spending['kind'], limits: SpendLimits): readonly string[] {
  const [total, ...own] =
    kind === 'TRAINING'
      ? [limits.totalTrainingsPerDay, limits.runningTrainings, limits.trainingsPerDay]
      : [limits.totalImagesPerDay, limits.imagesPerDay];
  const isLimited = (limit: number | null) => limit !== null;
  const shared = [
    ...(isLimited(total) ? [`all:${kind}`] : []),
    ...(isLimited(limits.totalMicroUsdPerDay) ? ['all:USD'] : []),
  ];
  const hasLimit = shared.length > 0 || [...own, limits.microUsdPerDay].some(isLimited);
  return hasLimit ? [...shared, ownerLock(ownerId)] : [];
}

export async function readUsage(
  tx: Transaction,
  ownerId: string,
  spending: Spending,
  limits: SpendLimits,
): Promise<Usage> {
  const { totalTrainingsPerDay, totalImagesPerDay, microUsdPerDay, totalMicroUsdPerDay } = limits;
  const isTraining = spending.kind === 'TRAINING';
  const hasTotal = (isTraining ? totalTrainingsPerDay : totalImagesPerDay) !== null;
  return {
    runningTrainings:
      isTraining && limits.runningTrainings !== null ? await runningTrainings(tx, ownerId) : 0,
    own: await spent(tx, spending.kind, ownerId),
    total: hasTotal ? await spent(tx, spending.kind, null) : NOTHING,
    ownMoney: await spentMoney(tx, spending, ownerId, microUsdPerDay),
    totalMoney: await spentMoney(tx, spending, null, totalMicroUsdPerDay),
  };
}

/** Makes concurrent additions for this owner wait until this transaction ends. */
export async function lockOwner(tx: Transaction, ownerId: string): Promise<void> {
  await lock(tx, ownerLock(ownerId));
}

function ownerLock(ownerId: string): string {
  return `owner:${ownerId}`;
}

const NOTHING: Spent = { units: 0, freeAt: null };
const NO_MONEY: SpentMoney = { microUsd: 0, freeAt: null };

async function lock(tx: Transaction, name: string): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`likeness:${name}`}, 0))`;
}

function runningTrainings(tx: Transaction, ownerId: string): Promise<number> {
  return tx.job.count({ where: { ownerId, openTrainingAvatarId: { not: null } } });
}

/** @param ownerId null: all owners */
async function spent(tx: Transaction, kind: Spending['kind'], ownerId: string | null): Promise<Spent> {
  const [row] = await tx.$queryRaw<{ units: number; free_at: Date | null }[]>`
    SELECT coalesce(sum(units), 0)::int AS units, min(created_at) + interval '1 day' AS free_at
    FROM jobs
    WHERE kind = ${kind}::job_kind
      AND (${ownerId}::text IS NULL OR owner_id = ${ownerId})
      AND created_at > now() - interval '1 day'
      AND ${Prisma.raw(COUNTS)}`;
  return row === undefined ? NOTHING : { units: row.units, freeAt: row.free_at };
}

/** @param ownerId null: all owners */
async function spentMoney(
  tx: Transaction,
  { estimatedMicroUsd: cost }: Spending,
  ownerId: string | null,
  limit: number | null,
): Promise<SpentMoney> {
  if (limit === null || cost === null) return NO_MONEY;
  // Sums from the newest run on: the run with which a sum exceeds the rest of the limit has to stop counting first.
  const [row] = await tx.$queryRaw<{ micro_usd: number; free_at: Date | null }[]>`
    WITH runs AS (
      SELECT created_at, sum(estimated_micro_usd) OVER (ORDER BY created_at DESC, id DESC) AS micro_usd
      FROM jobs
      WHERE kind IN ('TRAINING', 'GENERATION')
        AND (${ownerId}::text IS NULL OR owner_id = ${ownerId})
        AND created_at > now() - interval '1 day'
        AND ${Prisma.raw(COUNTS)}
    )
    SELECT coalesce(max(micro_usd), 0)::float8 AS micro_usd,
           max(created_at) FILTER (WHERE micro_usd > ${limit - cost}) + interval '1 day' AS free_at
    FROM runs`;
  if (row === undefined) return NO_MONEY;
  return { microUsd: row.micro_usd, freeAt: cost > limit ? null : row.free_at };
}
