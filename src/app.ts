import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { deleteDuePhotos, deleteUnknownPhotoFiles } from './jobs/photos/sweep-photos.ts';
import { UNKNOWN_AFTER_MS } from './jobs/files/delete-files.ts';
import { publishOutbox } from './jobs/publish-outbox.ts';
import { GRAPHQL_PATH } from './http/graphql-path.ts';
import { Disposer } from './async/disposer.ts';
import { Notifications } from './live/notifications.ts';
import { openDatabase, type Database } from './open-database.ts';
import { readDatabaseId } from './db/store/database-id.ts';
import { forgetDeliveries } from './db/store/deliveries.ts';
import { PgInstanceStore } from './db/store/instance-store.ts';
import { createReconciler, type Reconciler } from './jobs/reconcile.ts';
import { HEARTBEAT_MS } from './jobs/timing.ts';
import { HOUR_MS } from './values/units.ts';
import { enter, heartbeat } from './jobs/heartbeat.ts';
import { openFal } from './open-fal.ts';
import { runEvery, type Loop } from './async/run-every.ts';
import { openPhotos } from './open-photos.ts';
import { forgetChanges } from './db/store/change-log.ts';
import { openHttp } from './open-http.ts';
import { openJobs, type OpenedJobs } from './open-jobs.ts';
import { warnOfSettings } from './config/warnings.ts';
import { WEBHOOK_PATH } from './http/fal-webhook.ts';
import type { Config } from './config/config.ts';
import type { Log } from './log/log.ts';
import type { RedisBridge } from './live/redis-bridge.ts';

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
const COPY_INTERVAL_MS = 1000;
const PHOTO_DELETION_INTERVAL_MS = 10_000;
const CLEANUP_INTERVAL_MS = HOUR_MS;
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
  const redis = await openRedis(config, notifications, log);
  if (redis !== null) parts.add(() => redis.close());
  const instanceId = randomUUID();
  const instances = new PgInstanceStore(database.pool, instanceId);
  parts.add(await enter({ instances, log }, { isAlone: database.kind === 'embedded' }));
  const photos = await openPhotos(config, () => readDatabaseId(database.pool), log);
  parts.add(() => photos.close());

  const closing = new AbortController();
  // One for each request to fal and each link under way.
  setMaxListeners(0, closing.signal);
  const own = { config, log, database, instanceId, fal, notifications, photos, closing: closing.signal };
  const jobs = await openJobs(own);
  const { deps, resultFiles } = jobs;
  // After all that submits and before the database closes: the response to a submit decides whether a paid run is known.
  parts.add(() => deps.inFlight.drain(SUBMIT_GRACE_MS));
  const loops: Loop[] = [];
  const reconciler = createReconciler(deps);
  parts.add(async () => {
    await Promise.all(loops.map((loop) => loop.stop()));
    await reconciler.settled();
    await resultFiles.settled();
  });

  const isShared = () => redis === null || redis.isConnected();
  const http = await openHttp({ ...own, jobs, simulator, isShared });
  parts.add(() => http.close(GRACE_MS));
  // The simulator runs on this machine, so it can reach the address that the server listens on.
  if (simulator !== null) deps.settings.callbackBase ??= `${http.url}${WEBHOOK_PATH}`;
  loops.push(...startLoops({ config, log, database, instances, jobs, reconciler }));
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

async function openRedis(
  { redisUrl }: Config,
  notifications: Notifications,
  log: Log,
): Promise<RedisBridge | null> {
  if (redisUrl === null) return null;
  // Loaded on use: most servers have no Redis.
  const { bridgeOverRedis } = await import('./live/redis-bridge.ts');
  return bridgeOverRedis(redisUrl, notifications, log);
}

type LoopOptions = {
  readonly config: Config;
  readonly log: Log;
  readonly database: Database;
  readonly instances: PgInstanceStore;
  readonly jobs: OpenedJobs;
  readonly reconciler: Reconciler;
};

function startLoops({ config, log, database, instances, jobs, reconciler }: LoopOptions): Loop[] {
  const { deps, resultFiles } = jobs;
  const every = (intervalMs: number, work: (stop: AbortSignal) => Promise<void>) =>
    runEvery(work, { intervalMs, log });
  const heartbeatDeps = { instances, reconciler, inFlight: deps.inFlight, log };
  return [
    ...(database.kind === 'postgres' ? [every(HEARTBEAT_MS, (stop) => heartbeat(heartbeatDeps, stop))] : []),
    every(config.reconcileIntervalMs, (stop) => reconciler.sweep(stop)),
    every(PUBLISH_INTERVAL_MS, (stop) => publishOutbox(deps, stop)),
    every(CLEANUP_INTERVAL_MS, (stop) => forgetDeliveries(database.prisma, stop)),
    every(PHOTO_DELETION_INTERVAL_MS, (stop) => deleteDuePhotos(deps, stop)),
    every(UNKNOWN_AFTER_MS, (stop) => deleteUnknownPhotoFiles(deps, stop)),
    every(COPY_INTERVAL_MS, (stop) => resultFiles.copyDue(stop)),
    every(UNKNOWN_AFTER_MS, (stop) => resultFiles.deleteUnknown(stop)),
    every(CLEANUP_INTERVAL_MS, (stop) => forgetChanges(database.pool, stop)),
  ];
}
