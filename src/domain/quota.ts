/** Null: no limit. */
export type SpendLimits = {
  /** Concurrent trainings of one owner. */
  readonly runningTrainings: number | null;
  /** Of one owner, within 24 hours. */
  readonly trainingsPerDay: number | null;
  readonly imagesPerDay: number | null;
  /** Of all owners together, within 24 hours: bounds a cost that no owner's own limit shows. */
  readonly totalTrainingsPerDay: number | null;
  readonly totalImagesPerDay: number | null;
  /** Avatars of one owner. They cost nothing at fal, but storage and every read of the list. */
  readonly avatarsPerOwner: number | null;
};

export const NO_LIMITS: SpendLimits = {
  runningTrainings: null,
  trainingsPerDay: null,
  imagesPerDay: null,
  totalTrainingsPerDay: null,
  totalImagesPerDay: null,
  avatarsPerOwner: null,
};

/** Spent within the last 24 hours. Runs that fal refused do not count. */
export type Spent = {
  /** Trainings or images. */
  readonly units: number;
  /** When the oldest of them stops counting; null when there are none. */
  readonly freeAt: Date | null;
};

export type Usage = {
  readonly runningTrainings: number;
  readonly own: Spent;
  readonly total: Spent;
};

/** A request to spend: one training, or some images. */
export type Spending = { readonly kind: 'TRAINING' | 'GENERATION'; readonly units: number };

/**
 * The message of the limit that refuses a spending; null when it is allowed. The usage must be locked until the
 * spending is written.
 */
export function checkQuota(spending: Spending, usage: Usage, limits: SpendLimits): string | null {
  const isTraining = spending.kind === 'TRAINING';
  const thing = isTraining ? 'trainings' : 'images';
  const { runningTrainings } = limits;
  if (isTraining && runningTrainings !== null && usage.runningTrainings + 1 > runningTrainings) {
    return `At most ${runningTrainings} trainings can run at the same time. Wait for one to finish, or cancel it.`;
  }
  const own = isTraining ? limits.trainingsPerDay : limits.imagesPerDay;
  if (own !== null && usage.own.units + spending.units > own) {
    return `At most ${own} ${thing} are allowed in 24 hours, and ${usage.own.units} were made.${retryHint(usage.own)}`;
  }
  const total = isTraining ? limits.totalTrainingsPerDay : limits.totalImagesPerDay;
  if (total !== null && usage.total.units + spending.units > total) {
    return `This service accepts no more ${thing} today.${retryHint(usage.total)}`;
  }
  return null;
}

function retryHint({ freeAt }: Spent): string {
  return freeAt === null ? '' : ` Try again after ${freeAt.toISOString()}.`;
}
