import type { Prisma } from '../../generated/prisma/client.ts';
import { checkQuota, type SpendLimits, type Spending, type Spent, type Usage } from '../../domain/quota.ts';

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
  const { totalTrainingsPerDay, totalImagesPerDay, avatarsPerOwner: _free, ...own } = limits;
  const hasTotal = (spending.kind === 'TRAINING' ? totalTrainingsPerDay : totalImagesPerDay) !== null;
  const hasOwn = Object.values(own).some((limit) => limit !== null);
  if (!hasTotal && !hasOwn) return null;
  // The shared lock first, in one order for all, which prevents deadlocks.
  if (hasTotal) await lock(tx, `all:${spending.kind}`);
  await lockOwner(tx, ownerId);
  const usage: Usage = {
    runningTrainings: await runningTrainings(tx, ownerId),
    own: await spent(tx, spending.kind, ownerId),
    total: hasTotal ? await spent(tx, spending.kind, null) : NOTHING,
  };
  return checkQuota(spending, usage, limits);
}

/** Makes concurrent additions for this owner wait until this transaction ends. */
export async function lockOwner(tx: Transaction, ownerId: string): Promise<void> {
  await lock(tx, `owner:${ownerId}`);
}

const NOTHING: Spent = { units: 0, freeAt: null };

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
      AND coalesce(error_code, '') NOT IN ('PROVIDER_REJECTED', 'PROVIDER_UNAVAILABLE')`;
  return row === undefined ? NOTHING : { units: row.units, freeAt: row.free_at };
}
