import type { Prisma } from '../../generated/prisma/client.ts';
import { checkQuota, type SpendLimits, type Spending, type Spent, type Usage } from '../../domain/quota.ts';

type Transaction = Prisma.TransactionClient;

/**
 * Looks at the limits inside the transaction that will write the job, one owner (and where there are limits over all
 * owners, everybody) at a time: whoever comes second waits here until the first is committed and then counts it.
 * Resolves with the refusal's sentence, or null when the job may be written.
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
  // Everybody's lock first, in the same order for all, so that no two wait for each other.
  if (hasTotal) await lock(tx, `all:${spending.kind}`);
  await lockOwner(tx, ownerId);
  const usage: Usage = {
    runningTrainings: await runningTrainings(tx, ownerId),
    own: await spent(tx, spending.kind, ownerId),
    total: hasTotal ? await spent(tx, spending.kind, null) : NOTHING,
  };
  return checkQuota(spending, usage, limits);
}

/** Whoever else is about to add something of this owner's waits until this transaction has ended. */
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

/** @param ownerId null: of everybody */
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
