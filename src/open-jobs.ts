import { CallbackTokens } from './fal/callback-token.ts';
import { CircuitBreaker } from './fal/circuit-breaker.ts';
import { ClockSkew } from './fal/clock-skew.ts';
import { createGenerationWaiter } from './live/wait-for-generation.ts';
import { createJobStore } from './db/store/job-store.ts';
import { createMetrics } from './http/monitoring/metrics.ts';
import { FalProvider } from './fal/provider.ts';
import { InFlight } from './async/in-flight.ts';
import { KeyedMutex } from './async/keyed-mutex.ts';
import { LoraLinks } from './links/lora-links.ts';
import { trustedOrigins } from './links/trusted-origins.ts';
import { openResultFiles } from './open-result-files.ts';
import { PrismaBreakerStore } from './db/store/breaker-store.ts';
import { PrismaGoneEndpoints } from './db/store/gone-endpoints.ts';
import { PrismaPhotoStore } from './db/store/photo-store.ts';
import { WEBHOOK_PATH } from './http/fal-webhook.ts';
import type { Config, FalConfig } from './config/config.ts';
import type { Database } from './open-database.ts';
import type { Log } from './log/log.ts';
import type { Notifications } from './live/notifications.ts';
import type { openPhotos } from './open-photos.ts';

export type JobsOptions = {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly instanceId: string;
  readonly fal: FalConfig;
  readonly notifications: Notifications;
  readonly photos: Awaited<ReturnType<typeof openPhotos>>;
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
};

export type OpenedJobs = Awaited<ReturnType<typeof openJobs>>;

/** The use cases with the implementations of their ports. */
export async function openJobs(options: JobsOptions) {
  const { config, log, database, instanceId, fal, notifications, photos, closing } = options;
  const clock = new ClockSkew(log);
  const breakerStore = new PrismaBreakerStore(database.prisma, fal.key, config.breakerWaitsMs);
  const metrics = createMetrics({
    listeners: () => notifications.listeners,
    isBreakerOpen: () => breakerStore.isOpen(),
    clockSkewSeconds: () => clock.seconds,
    fileBacklog: () => resultFiles.readBacklog(),
  });
  const resultFiles = await openResultFiles({ ...options, metrics: metrics.useCases });
  const callbackTokens = new CallbackTokens(fal.key);
  const store = createJobStore(database, config.limits, instanceId);
  const deps = {
    store,
    catalog: config.catalog,
    goneEndpoints: new PrismaGoneEndpoints(database.prisma, fal.key),
    provider: new FalProvider(
      { ...fal, closing, noticeDate: (date) => clock.notice(date) },
      new CircuitBreaker(breakerStore, log),
      log,
    ),
    publisher: notifications,
    log,
    metrics: metrics.useCases,
    inFlight: new InFlight(),
    newCallbackToken: () => callbackTokens.create(),
    settings: {
      callbackBase: config.publicUrl && `${config.publicUrl}${WEBHOOK_PATH}`,
      pollIntervalMs: config.reconcileIntervalMs,
      defaultTrainers: config.defaultTrainers,
      retentionDays: config.retentionDays,
    },
    photoStore: new PrismaPhotoStore(database.prisma, {
      photosPerOwner: config.limits.photosPerOwner,
      retentionDays: config.photoRetentionDays,
    }),
    ...photos,
    photoTrainings: new KeyedMutex(),
    ...resultFiles.deps,
    loraLinks: new LoraLinks({ trustedOrigins: trustedOrigins(config, fal), closing }),
    waitForGeneration: createGenerationWaiter(store, (id) => notifications.listen('generation', id)),
  };
  return { deps, resultFiles, metrics, callbackTokens };
}
