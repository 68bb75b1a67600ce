import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { publishOutbox } from './jobs/publish-outbox.ts';
import { CallbackTokens } from './fal/callback-token.ts';
import { ClockSkew } from './fal/clock-skew.ts';
import { CostLimit } from './graphql/policy/cost-limit.ts';
import { createAuthenticate } from './auth/authenticate.ts';
import { createGenerationWaiter } from './live/wait-for-generation.ts';
import { createGraphqlServer, GRAPHQL_PATH } from './http/yoga.ts';
import { createMetrics } from './http/metrics.ts';
import { Disposer } from './async/disposer.ts';
import { FalProvider } from './fal/provider.ts';
import { KeySet } from './fal/key-set.ts';
import { Notifications } from './live/notifications.ts';
import { openDatabase } from './open-database.ts';
import { PrismaJobStore } from './db/store/job-store.ts';
import { PrismaBreakerStore } from './db/store/breaker-store.ts';
import { requestPoll, storeUnreadable, handleWebhook } from './jobs/handle-webhook.ts';
import { createReconciler } from './jobs/reconcile.ts';
import { bridgeOverRedis } from './live/redis-bridge.ts';
import { isLocalOrigin, originCheck } from './http/origin.ts';
import { LogThrottle } from './log/log-throttle.ts';
import { startHttp } from './http/server.ts';
import { runEvery, type Loop } from './async/run-every.ts';
import { InFlight } from './async/in-flight.ts';
import { KeyedSemaphore } from './async/keyed-semaphore.ts';
import { CircuitBreaker } from './fal/circuit-breaker.ts';
import { createRowLoaders } from './live/row-loaders.ts';
import { warnOfSettings } from './config/warnings.ts';
import { WEBHOOK_PATH } from './http/fal-webhook.ts';
import type { Config, FalConfig } from './config/config.ts';
import type { Simulator } from '@likeness/fal-simulator';
import type { Log } from './log/log.ts';

export type App = {
  /** Of the server, without a path. */
  readonly url: string;
  readonly graphqlUrl: string;
  /** Of the built-in simulator; null when a FAL_KEY is set. */
  readonly simulatorUrl: string | null;
  /** A zip of photos to try a training with; null when a FAL_KEY is set. */
  readonly sampleImagesUrl: string | null;
  /** Ends everything in reverse order; requests under way end first. Safe to call twice. */
  close(): Promise<void>;
};

const ANNOUNCE_EVERY_MS = 1000;
const REFUSALS_SAID_EVERY_MS = 10_000;
const FORGET_EVERY_MS = 3_600_000;
/** How long requests under way may take to end after close(). */
const GRACE_MS = 5000;
/** How long fal's answers to submits may take after that. */
const LAST_ANSWERS_MS = 2500;

/**
 * Builds the server out of its parts and starts it. Whatever was started before a part fails is ended again.
 * @throws when the database, the address or the data folder cannot be had
 */
export async function createApp(config: Config, log: Log): Promise<App> {
  const parts = new Disposer();
  try {
    const app = await assemble(config, log, parts);
    let closing: Promise<void> | null = null;
    return { ...app, close: () => (closing ??= parts.dispose()) };
  } catch (error) {
    await parts.dispose().catch((failure: unknown) => {
      log.error({ err: failure }, 'cleanup after a failed start failed');
    });
    throw error;
  }
}

async function assemble(config: Config, log: Log, parts: Disposer): Promise<Omit<App, 'close'>> {
  const database = await openDatabase({
    databaseUrl: config.databaseUrl ?? undefined,
    dataDir: config.dataDir,
    log,
  });
  parts.add(() => database.close());

  // Any process of this machine reaches the simulator, so only this one knows its key.
  const simulatorKey = randomBytes(32).toString('base64url');
  const simulator = config.fal === null ? await simulate(config, simulatorKey) : null;
  if (simulator !== null) parts.add(() => simulator.close());
  const fal: FalConfig = config.fal ?? {
    key: simulatorKey,
    queueUrl: simulator?.queueUrl ?? '',
    restUrl: simulator?.restUrl ?? '',
    jwksUrl: simulator?.jwksUrl ?? '',
  };

  const notifications = new Notifications();
  const redis = config.redisUrl === null ? null : bridgeOverRedis(config.redisUrl, notifications, log);
  if (redis !== null) parts.add(() => redis.close());
  const store = new PrismaJobStore(database.prisma, config.limits);
  const settings = {
    callbackBase: config.publicUrl && `${config.publicUrl}${WEBHOOK_PATH}`,
    pollIntervalMs: config.reconcileIntervalMs,
    defaultTrainers: config.defaultTrainers,
  };
  const inFlight = new InFlight();
  const closing = new AbortController();
  const breakerStore = new PrismaBreakerStore(database.prisma, fal.key);
  const clock = new ClockSkew(log);
  const metrics = createMetrics({
    listeners: () => notifications.listeners,
    isBreakerOpen: () => breakerStore.isOpen(),
    clockSkewSeconds: () => clock.seconds,
  });
  const provider = new FalProvider(
    { ...fal, closing: closing.signal, noticeDate: (date) => clock.notice(date) },
    new CircuitBreaker(breakerStore, log),
    log,
  );
  const callbackTokens = new CallbackTokens(fal.key);
  const deps = {
    store,
    provider,
    publisher: notifications,
    log,
    metrics: metrics.jobs,
    inFlight,
    newCallbackToken: () => callbackTokens.create(),
    settings,
    waitForGeneration: createGenerationWaiter(store, (id) => notifications.listen('generation', id)),
  };
  // The last before the database: fal's answer to a submit is worth waiting for, whoever else is gone.
  parts.add(() => inFlight.drain(LAST_ANSWERS_MS));
  const loops: Loop[] = [];
  const reconciler = createReconciler(deps);
  parts.add(async () => {
    await Promise.all(loops.map((loop) => loop.stop()));
    await reconciler.settled();
  });
  const authenticate = createAuthenticate(config.auth, log);
  const isLocal = config.auth.kind === 'LOCAL';
  const isAllowedOrigin = isLocal ? isLocalOrigin : originCheck(config.allowedOrigins);
  const yoga = createGraphqlServer({
    services: {
      prisma: database.prisma,
      jobs: deps,
      notifications,
      defaultTrainers: config.defaultTrainers,
      streams: new KeyedSemaphore(config.limits.streamsPerOwner),
      rows: createRowLoaders(database.prisma),
    },
    authenticate,
    isAllowedOrigin,
    showsPlayground: config.showsPlayground,
    hidesSchema: config.hidesSchema,
    costLimit: config.limits.costPerMinute === null ? null : new CostLimit(config.limits.costPerMinute),
    sampleImagesUrl: simulator?.samplePhotosUrl ?? null,
    log,
  });

  let isClosing = false;
  const http = await startHttp({
    host: config.host,
    port: config.port,
    isLocal,
    isAllowedOrigin,
    socketLimits: config.limits,
    yoga,
    authenticate,
    webhook: {
      keys: new KeySet(fal.jwksUrl, log),
      accountId: config.falAccountId,
      isOurToken: (token) => callbackTokens.isOurs(token),
      receive: (token, callback) => handleWebhook(deps, token, callback),
      quarantine: (token, delivery) => storeUnreadable(deps, token, delivery),
      lookAgain: (requestId) => requestPoll(deps, { requestId }),
      log,
      refusals: new LogThrottle(REFUSALS_SAID_EVERY_MS),
      count: metrics.countWebhook,
    },
    readiness: {
      database: () => database.ping(),
      isShared: () => redis === null || redis.isConnected(),
      isClosing: () => isClosing,
    },
    metrics: { registry: metrics.registry, token: config.metricsToken },
    log,
  });
  parts.add(() => http.close(GRACE_MS));
  // The simulator runs on this machine, so it reaches the server where it listens.
  if (simulator !== null) settings.callbackBase ??= `${http.url}${WEBHOOK_PATH}`;

  loops.push(
    runEvery((stop) => reconciler.sweep(stop), { intervalMs: config.reconcileIntervalMs, log }),
    runEvery((stop) => publishOutbox(deps, stop), { intervalMs: ANNOUNCE_EVERY_MS, log }),
    runEvery((stop) => store.forgetDeliveries(stop), { intervalMs: FORGET_EVERY_MS, log }),
  );
  // The first to go: no new work is sent here any more, subscribers come again elsewhere, and whoever waits for a
  // generation gets it as it is.
  parts.add(async () => {
    isClosing = true;
    // Before fal is cut off: a sweep would take that for fal's silence.
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

/** Loaded only where it is needed: a server in front of fal runs none of it. */
async function simulate({ dataDir, isProduction }: Config, apiKey: string): Promise<Simulator> {
  const { startSimulator } = await import('@likeness/fal-simulator');
  return startSimulator({
    dir: join(dataDir, 'fal-simulator'),
    apiKeys: [apiKey],
    // One owner's scenario would stop the submits of all.
    controls: !isProduction,
  });
}
