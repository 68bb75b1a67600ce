import { NO_LIMITS, type SpendLimits } from '../domain/quota.ts';
import type { EnvReader } from './env-reader.ts';

/** Default limits per owner with tokens. Without tokens there are none. */
const TOKEN_LIMITS: SpendLimits = {
  ...NO_LIMITS,
  runningTrainings: 5,
  trainingsPerDay: 50,
  imagesPerDay: 500,
};

/** Null: no limit. */
export function readLimits(read: EnvReader, { isLocal }: { readonly isLocal: boolean }) {
  const defaults = isLocal ? NO_LIMITS : TOKEN_LIMITS;
  return {
    runningTrainings: read.limit('LIMIT_RUNNING_TRAININGS', defaults.runningTrainings),
    trainingsPerDay: read.limit('LIMIT_TRAININGS_PER_DAY', defaults.trainingsPerDay),
    imagesPerDay: read.limit('LIMIT_IMAGES_PER_DAY', defaults.imagesPerDay),
    totalTrainingsPerDay: read.limit('LIMIT_TOTAL_TRAININGS_PER_DAY', defaults.totalTrainingsPerDay),
    totalImagesPerDay: read.limit('LIMIT_TOTAL_IMAGES_PER_DAY', defaults.totalImagesPerDay),
    microUsdPerDay: read.usdLimit('LIMIT_USD_PER_DAY'),
    totalMicroUsdPerDay: read.usdLimit('LIMIT_TOTAL_USD_PER_DAY'),
    /** They cost nothing at fal, but storage and every read of the list. */
    avatarsPerOwner: read.limit('LIMIT_AVATARS_PER_OWNER', isLocal ? null : 1000),
    photosPerOwner: read.limit('LIMIT_PHOTOS_PER_OWNER', isLocal ? null : 1000),
    /** Open subscriptions of one owner. */
    streamsPerOwner: read.limit('LIMIT_SUBSCRIPTIONS_PER_OWNER', isLocal ? null : 1000),
    operationsPerSocket: read.limit('LIMIT_OPERATIONS_PER_SOCKET', 10),
    /** Open WebSockets of all owners. */
    sockets: read.limit('LIMIT_SOCKETS', 20_000),
    socketsPerOwner: read.limit('LIMIT_SOCKETS_PER_OWNER', isLocal ? null : 1000),
    /** Operation cost of one owner per minute. */
    costPerMinute: read.limit('LIMIT_COST_PER_MINUTE', isLocal ? null : 10_000_000),
  };
}
