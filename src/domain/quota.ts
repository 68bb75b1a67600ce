import { PROVIDER_CODES, type ErrorCode } from './refusal.ts';
import { usdText } from '../catalog/prices.ts';

/** Null: no limit. */
export type SpendLimits = {
  /** Concurrent trainings of one owner. */
  readonly runningTrainings: number | null;
  /** Of one owner, within 24 hours. */
  readonly trainingsPerDay: number | null;
  readonly imagesPerDay: number | null;
  /** Of all owners together, within 24 hours: bounds what many owners spend together. */
  readonly totalTrainingsPerDay: number | null;
  readonly totalImagesPerDay: number | null;
  /** Estimated cost within 24 hours, in millionths of a US dollar: of one owner, and of all together. */
  readonly microUsdPerDay: number | null;
  readonly totalMicroUsdPerDay: number | null;
};

export const NO_LIMITS: SpendLimits = {
  runningTrainings: null,
  trainingsPerDay: null,
  imagesPerDay: null,
  totalTrainingsPerDay: null,
  totalImagesPerDay: null,
  microUsdPerDay: null,
  totalMicroUsdPerDay: null,
};

/** Runs that fal refused or the operator found not started do not count. */
export const UNCOUNTED_CODES = [...PROVIDER_CODES, 'NOT_STARTED'] as const satisfies readonly ErrorCode[];

/** Spent within the last 24 hours. */
export type Spent = {
  /** Trainings or images. */
  readonly units: number;
  /** When the oldest of them stops counting; null when there are none. */
  readonly freeAt: Date | null;
};

/** Estimated cost of the runs of the last 24 hours, trainings and images together. */
export type SpentMoney = {
  readonly microUsd: number;
  /** When enough of it stops counting for the spending; null if that does not help. */
  readonly freeAt: Date | null;
};

export type Usage = {
  /** 0 where nothing depends on it. */
  readonly runningTrainings: number;
  readonly own: Spent;
  readonly total: Spent;
  readonly ownMoney: SpentMoney;
  readonly totalMoney: SpentMoney;
};

/** A request to spend: one training, or some images. */
export type Spending = {
  readonly kind: 'TRAINING' | 'GENERATION';
  readonly units: number;
  readonly endpoint: string;
  /** Null: the price of the endpoint is unknown. */
  readonly estimatedMicroUsd: number | null;
};

/**
 * The message of the limit that refuses a spending; null when it is allowed. The usage must be locked until the
 * spending is written.
 */
export function checkQuota(spending: Spending, usage: Usage, limits: SpendLimits): string | null {
  const isTraining = spending.kind === 'TRAINING';
  const thing = isTraining ? 'trainings' : 'images';
  const { runningTrainings } = limits;
  if (isTraining && runningTrainings !== null && usage.runningTrainings + 1 > runningTrainings) {
    return `At most ${runningTrainings} trainings can be under way at the same time. Wait for one to end, or cancel one.`;
  }
  const own = isTraining ? limits.trainingsPerDay : limits.imagesPerDay;
  if (own !== null && usage.own.units + spending.units > own) {
    return `At most ${own} ${thing} are allowed in 24 hours, and ${usage.own.units} are used.${retryHint(usage.own)}`;
  }
  const total = isTraining ? limits.totalTrainingsPerDay : limits.totalImagesPerDay;
  if (total !== null && usage.total.units + spending.units > total) {
    return `This server accepts no more ${thing} today.${retryHint(usage.total)}`;
  }
  return checkMoney(spending, usage, limits);
}

/** With a limit on money, a run of unknown price is refused: it could exceed the limit. */
function checkMoney(
  { endpoint, estimatedMicroUsd: cost }: Spending,
  { ownMoney, totalMoney }: Usage,
  { microUsdPerDay: own, totalMicroUsdPerDay: total }: SpendLimits,
): string | null {
  if (own === null && total === null) return null;
  if (cost === null) {
    const limit =
      own === null
        ? 'This server limits the spending in 24 hours'
        : `At most ${usdText(own)} is allowed in 24 hours`;
    return `${limit}, and the price of ${endpoint} is unknown. Use a trainer with a known price.`;
  }
  if (own !== null && ownMoney.microUsd + cost > own) {
    return `At most ${usdText(own)} is allowed in 24 hours, ${usdText(ownMoney.microUsd)} was spent, and this run costs about ${usdText(cost)}.${retryHint(ownMoney)}`;
  }
  if (total !== null && totalMoney.microUsd + cost > total) {
    return `The daily spending limit of this server does not allow this run of about ${usdText(cost)}.${retryHint(totalMoney)}`;
  }
  return null;
}

/** Sentences about the owner's limits of which at most a tenth is left after an allowed spending. */
export function nearLimits(
  { kind, units, estimatedMicroUsd }: Spending,
  { own, ownMoney }: Usage,
  { trainingsPerDay, imagesPerDay, microUsdPerDay }: SpendLimits,
): readonly string[] {
  const isTraining = kind === 'TRAINING';
  const limit = isTraining ? trainingsPerDay : imagesPerDay;
  const thing = isTraining ? 'trainings' : 'images';
  return [
    left(limit, own.units + units, (rest, all) => `${rest} of ${all} ${thing}`),
    left(
      microUsdPerDay,
      ownMoney.microUsd + (estimatedMicroUsd ?? 0),
      (rest, all) => `${usdText(rest)} of ${usdText(all)}`,
    ),
  ].filter((sentence) => sentence !== null);
}

function left(
  limit: number | null,
  used: number,
  inWords: (rest: number, limit: number) => string,
): string | null {
  if (limit === null || limit - used > limit / 10) return null;
  return `Left after this run: ${inWords(limit - used, limit)} in 24 hours.`;
}

function retryHint({ freeAt }: { readonly freeAt: Date | null }): string {
  return freeAt === null ? '' : ` Try again after ${freeAt.toISOString()}.`;
}
