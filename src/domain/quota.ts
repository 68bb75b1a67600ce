/** What may be spent. Null: no such limit. */
export type SpendLimits = {
  /** Trainings of one owner that are under way at the same time. */
  readonly runningTrainings: number | null;
  /** Of one owner, within any 24 hours. */
  readonly trainingsPerDay: number | null;
  readonly imagesPerDay: number | null;
  /** Of all owners together, within any 24 hours: what stops a leak of money that no single owner's limit shows. */
  readonly totalTrainingsPerDay: number | null;
  readonly totalImagesPerDay: number | null;
  /** Avatars that one owner has at the same time. They cost nothing, but room and every look at all of them. */
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

/** What was spent within the last 24 hours; runs that fal refused do not count. */
export type Spent = {
  /** Trainings, or images. */
  readonly units: number;
  /** When the oldest of them stops counting; null when there are none. */
  readonly freeAt: Date | null;
};

export type Usage = {
  readonly runningTrainings: number;
  readonly own: Spent;
  readonly total: Spent;
};

/** What somebody is about to spend: one training, or some images. */
export type Spending = { readonly kind: 'TRAINING' | 'GENERATION'; readonly units: number };

/**
 * Why a spending is not allowed, as a sentence that names the limit and when it ends; null when it is allowed.
 * Pure: whoever asks has to see to it that the usage still holds when the spending is written.
 */
export function checkQuota(spending: Spending, usage: Usage, limits: SpendLimits): string | null {
  const isTraining = spending.kind === 'TRAINING';
  const thing = isTraining ? 'trainings' : 'images';
  const { runningTrainings } = limits;
  if (isTraining && runningTrainings !== null && usage.runningTrainings + 1 > runningTrainings) {
    return `At most ${runningTrainings} trainings may be under way at the same time; one has to end first.`;
  }
  const own = isTraining ? limits.trainingsPerDay : limits.imagesPerDay;
  if (own !== null && usage.own.units + spending.units > own) {
    return `At most ${own} ${thing} a day are allowed, and ${usage.own.units} were made.${endOf(usage.own)}`;
  }
  const total = isTraining ? limits.totalTrainingsPerDay : limits.totalImagesPerDay;
  if (total !== null && usage.total.units + spending.units > total) {
    return `This service makes no more ${thing} today.${endOf(usage.total)}`;
  }
  return null;
}

function endOf({ freeAt }: Spent): string {
  return freeAt === null ? '' : ` The next becomes free at ${freeAt.toISOString()}.`;
}
