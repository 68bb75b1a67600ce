import { randomUUID } from 'node:crypto';
import { sweepPhotos } from './jobs/photos/sweep-photos.ts';
import { publishOutbox } from './jobs/publish-outbox.ts';
import { CallbackTokens } from './fal/callback-token.ts';
import { ClockSkew } from './fal/clock-skew.ts';
import { CostLimit } from './graphql/policy/cost-limit.ts';
import { createAuthenticate } from './auth/authenticate.ts';
import { createGenerationWaiter } from './live/wait-for-generation.ts';
import { createGraphqlServer } from './http/yoga.ts';
import { GRAPHQL_PATH } from './http/graphql-path.ts';
import { createMetrics } from './http/monitoring/metrics.ts';
import { Disposer } from './async/disposer.ts';
import { FalProvider } from './fal/provider.ts';
import { LoraLinks, trustedOrigins } from './links/lora-links.ts';
import { WebhookKeys } from './fal/webhook-keys.ts';
import { Notifications } from './live/notifications.ts';
import { openDatabase, type Database } from './open-database.ts';
import { readDatabaseId } from './db/store/database-id.ts';
import { PrismaGoneEndpoints } from './db/store/gone-endpoints.ts';
import { createJobStore } from './db/store/job-store.ts';
import { forgetDeliveries } from './db/store/deliveries.ts';
import { PrismaPhotoStore } from './db/store/photo-store.ts';
import { PgInstanceStore } from './db/store/instance-store.ts';
import { PrismaBreakerStore } from './db/store/breaker-store.ts';
import { createReconciler } from './jobs/reconcile.ts';
import { HEARTBEAT_MS } from './jobs/timing.ts';
import { enter, heartbeat } from './jobs/heartbeat.ts';
import { isOutage } from './db/outage.ts';
import { StorageUnavailableError } from './storage/file-storage.ts';
import { isLocalOrigin, originCheck } from './http/origin.ts';
import { LogThrottle } from './log/log-throttle.ts';
import { openFal } from './open-fal.ts';
import { createStudio } from './http/pages/studio.ts';
import { imageOriginsOf } from './http/pages/image-origins.ts';
import { startHttp } from './http/server.ts';
import { runEvery, type Loop } from './async/run-every.ts';
import { InFlight } from './async/in-flight.ts';
import { KeyedSemaphore } from './async/keyed-semaphore.ts';
import { CircuitBreaker } from './fal/circuit-breaker.ts';
import { openPhotos } from './photos/open-photos.ts';
import { createUploadUrl } from './http/files/photo-upload.ts';
import { openResultFiles } from './open-result-files.ts';
import { createChangeLog, forgetChanges } from './db/reads/change-log.ts';
import { createRowReads } from './db/reads/row-reads.ts';
import { createUsageReads } from './db/reads/usage-reads.ts';
import { warnOfSettings } from './config/warnings.ts';
import { WEBHOOK_PATH } from './http/fal-webhook.ts';
import type { Config } from './config/config.ts';
import type { Log } from './log/log.ts';

export type App = {
  /** Without a path. */
  readonly url: string;
  readonly graphqlUrl: string;
  /** Built-in simulator, and its sample photos for a training; null if FAL_KEY is set. */
  readonly simulatorUrl: string | null;
  readonly sampleImagesUrl: string | null;
  /** Ends requests under way, then everything else in reverse order. Safe to call twice. */
  close(): Promise<void>;
};

type Opened = Omit<App, 'close'>;

const PUBLISH_INTERVAL_MS = 1000;
const REFUSAL_LOG_INTERVAL_MS = 10_000;
const CLEANUP_INTERVAL_MS = 3_600_000;
/** Time for requests under way after close(), and then for fal's responses to submits. */
const GRACE_MS = 5000;
const SUBMIT_GRACE_MS = 2500;

/**
 * Starts the server. After a failure, ends everything that was started.
 * @param open opens the database of the settings
 * @throws if the database, the address or the data folder is not available
 */
export async function createApp(config: Config, log: Log, open = openDatabase): Promise<App> {
  const parts = new Disposer();
  try {
    const { databaseUrl, dataDir } = config;
    const database = await open({ databaseUrl: databaseUrl ?? undefined, dataDir, log });
    parts.add(() => database.close());
    const app = await assemble(config, log, database, parts);
    let closing: Promise<void> | null = null;
    return { ...app, close: () => (closing ??= parts.dispose()) };
  } catch (error) {
    await parts.dispose().catch((failure: unknown) => {
      log.error({ err: failure }, 'cleanup after the failed start failed');
    });
    throw error;
  }
}

async function assemble(config: Config, log: Log, database: Database, parts: Disposer): Promise<Opened> {
  const { fal, simulator } = await openFal(config);
  if (simulator !== null) parts.add(() => simulator.close());

  const notifications = new Notifications();
  const redis =
    config.redisUrl === null
      ? null
      : // Loaded on use: most servers have no Redis.
        (await import('./live/redis-bridge.ts')).bridgeOverRedis(config.redisUrl, notifications, log);
  if (redis !== null) parts.add(() => redis.close());
  const instanceId = randomUUID();
  const store = createJobStore(database, config.limits, instanceId);
  const instances = new PgInstanceStore(database.pool, instanceId);
  parts.add(await enter({ instances, log }, { isAlone: database.kind === 'embedded' }));
  const settings = {
    callbackBase: config.publicUrl && `${config.publicUrl}${WEBHOOK_PATH}`,
    pollIntervalMs: config.reconcileIntervalMs,
    defaultTrainers: config.defaultTrainers,
    retentionDays: config.retentionDays,
  };
  const inFlight = new InFlight();
  const closing = new AbortController();
  const breakerStore = new PrismaBreakerStore(database.prisma, fal.key, config.breakerWaitsMs);
  const clock = new ClockSkew(log);
  const metrics = createMetrics({
    listeners: () => notifications.listeners,
    isBreakerOpen: () => breakerStore.isOpen(),
    clockSkewSeconds: () => clock.seconds,
    fileBacklog: () => resultFiles.readBacklog(),
  });
  const provider = new FalProvider(
    { ...fal, closing: closing.signal, noticeDate: (date) => clock.notice(date) },
    new CircuitBreaker(breakerStore, log),
    log,
  );
  const callbackTokens = new CallbackTokens(fal.key);
  const photos = await openPhotos(config, () => readDatabaseId(database.pool), log);
  parts.add(() => photos.close());
  const own = { config, database, instanceId, fal, log };
  const resultFiles = await openResultFiles({ ...own, closing: closing.signal, metrics: metrics.jobs });
  const deps = {
    store,
    catalog: config.catalog,
    goneEndpoints: new PrismaGoneEndpoints(database.prisma, fal.key),
    provider,
    publisher: notifications,
    log,
    metrics: metrics.jobs,
    inFlight,
    newCallbackToken: () => callbackTokens.create(),
    settings,
    photoStore: new PrismaPhotoStore(database.prisma, {
      photosPerOwner: config.limits.photosPerOwner,
      retentionDays: config.photoRetentionDays,
    }),
    ...photos,
    ...resultFiles.jobs,
    loraLinks: new LoraLinks({ trustedOrigins: trustedOrigins(config, fal), closing: closing.signal }),
    waitForGeneration: createGenerationWaiter(store, (id) => notifications.listen('generation', id)),
  };
  // Last before the database: the response to a submit decides whether a paid run is known.
  parts.add(() => inFlight.drain(SUBMIT_GRACE_MS));
  const loops: Loop[] = [];
  const reconciler = createReconciler(deps);
  parts.add(async () => {
    await Promise.all(loops.map((loop) => loop.stop()));
    await reconciler.settled();
    await resultFiles.settled();
  });
  const authenticate = createAuthenticate(config.auth, log);
  const isLocal = config.auth.kind === 'LOCAL';
  const isAllowedOrigin = isLocal ? isLocalOrigin : originCheck(config.allowedOrigins);
  const imageOrigins = imageOriginsOf(config, simulator?.url ?? null);
  const graphql = createGraphqlServer({
    services: {
      prisma: database.prisma,
      jobs: deps,
      notifications,
      streams: new KeyedSemaphore(config.limits.streamsPerOwner),
      rows: createRowReads(database.pool),
      uploadUrl: createUploadUrl(config),
      fileUrl: resultFiles.fileUrl,
      usage: createUsageReads(database.pool),
      changes: createChangeLog(database.pool),
    },
    authenticate,
    isAllowedOrigin,
    playground: config.showsPlayground ? { simulator, imageOrigins } : null,
    hidesSchema: config.hidesSchema,
    costLimit: config.limits.costPerMinute === null ? null : new CostLimit(config.limits.costPerMinute),
    ticketSecret: fal.key,
    isOutage: (error) => isOutage(error) || error instanceof StorageUnavailableError,
    log,
  });
  const http = await startHttp({
    host: config.host,
    port: config.port,
    isLocal,
    isAllowedOrigin,
    socketLimits: config.limits,
    ...graphql,
    authenticate,
    webhook: {
      keys: new WebhookKeys(fal.jwksUrl, log),
      accountId: config.falAccountId,
      isOurToken: (token) => callbackTokens.isOurs(token),
      jobs: deps,
      log,
      refusals: new LogThrottle(REFUSAL_LOG_INTERVAL_MS),
      count: metrics.countWebhook,
    },
    photos: {
      jobs: deps,
      // The URL may have another name of this machine in it than the page that uses it.
      isAllowedOrigin: (origin, host) => isAllowedOrigin(origin, isLocal ? 'localhost' : host),
    },
    files: { jobs: deps, urls: resultFiles.urls, log },
    studio: config.studio && createStudio(config.studio, imageOrigins),
    readiness: {
      database: () => database.ping(),
      isShared: () => redis === null || redis.isConnected(),
      isClosing: () => closing.signal.aborted,
    },
    metrics: { ...metrics, token: config.metricsToken },
    log,
  });
  parts.add(() => http.close(GRACE_MS));
  // The simulator runs on this machine, so it can reach the address that the server listens on.
  if (simulator !== null) settings.callbackBase ??= `${http.url}${WEBHOOK_PATH}`;
  const heartbeatDeps = { instances, reconciler, inFlight, log };
  if (database.kind === 'postgres')
    loops.push(runEvery((stop) => heartbeat(heartbeatDeps, stop), { intervalMs: HEARTBEAT_MS, log }));
  loops.push(
    runEvery((stop) => reconciler.sweep(stop), { intervalMs: config.reconcileIntervalMs, log }),
    runEvery((stop) => publishOutbox(deps, stop), { intervalMs: PUBLISH_INTERVAL_MS, log }),
    runEvery((stop) => forgetDeliveries(database.prisma, stop), { intervalMs: CLEANUP_INTERVAL_MS, log }),
    ...sweepPhotos(deps),
    ...resultFiles.begin(),
    runEvery((stop) => forgetChanges(database.pool, stop), { intervalMs: CLEANUP_INTERVAL_MS, log }),
  );
  // First: no new work arrives, subscribers reconnect to another instance, and waiting calls return the current state.
  parts.add(async () => {
    // Before the abort, which a sweep would take for an outage of fal.
    for (const loop of loops) void loop.stop();
    closing.abort();
    await http.endStreams();
    notifications.close();
  });

  warnOfSettings(config, log);
  return {
    url: http.url,
    graphqlUrl: `${http.url}${GRAPHQL_PATH}`,
    simulatorUrl: simulator?.url ?? null,
    sampleImagesUrl: simulator?.samplePhotosUrl ?? null,
  };
}
