import { CostLimit } from './graphql/policy/cost-limit.ts';
import { createAuthenticate } from './auth/authenticate.ts';
import { createChangeLog } from './db/store/change-log.ts';
import { createGraphqlServer } from './http/yoga.ts';
import { createRowReads } from './db/reads/row-reads.ts';
import { createStudio } from './http/pages/studio.ts';
import { createUploadUrl } from './http/files/photo-upload.ts';
import { createUsageReads } from './db/reads/usage-reads.ts';
import { imageOriginsOf } from './http/pages/image-origins.ts';
import { isLocalOrigin, originCheck, type IsAllowedOrigin } from './http/origin.ts';
import { isOutage } from './db/outage.ts';
import { KeyedSemaphore } from './async/keyed-semaphore.ts';
import { LogThrottle } from './log/log-throttle.ts';
import { startHttp, type HttpServer } from './http/server.ts';
import { StorageUnavailableError } from './storage/file-storage.ts';
import { WebhookKeys } from './fal/webhook-keys.ts';
import type { Authenticate } from './auth/authenticate.ts';
import type { JobsOptions, OpenedJobs } from './open-jobs.ts';

const REFUSAL_LOG_INTERVAL_MS = 10_000;

const isUnavailable = (error: unknown) => isOutage(error) || error instanceof StorageUnavailableError;

type Options = JobsOptions & {
  readonly jobs: OpenedJobs;
  /** In place of fal. */
  readonly simulator: { readonly url: string; readonly samplePhotosUrl: string } | null;
  /** Whether notifications of other instances arrive. */
  readonly isShared: () => boolean;
};

/** Serves the API, the webhooks, the files and the pages. */
export async function openHttp(options: Options): Promise<HttpServer> {
  const { config, log, database, fal, closing, isShared } = options;
  const { deps, resultFiles, metrics, callbackTokens } = options.jobs;
  const isLocal = config.auth.kind === 'LOCAL';
  const access = {
    authenticate: createAuthenticate(config.auth, log),
    isAllowedOrigin: isLocal ? isLocalOrigin : originCheck(config.allowedOrigins),
  };
  const imageOrigins = imageOriginsOf(config, options.simulator?.url ?? null);
  return startHttp({
    host: config.host,
    port: config.port,
    isLocal,
    ...access,
    socketLimits: config.limits,
    ...openGraphql(options, access, imageOrigins),
    webhook: {
      keys: new WebhookKeys(fal.jwksUrl, log),
      accountId: config.falAccountId,
      isOurToken: (token) => callbackTokens.isOurs(token),
      deps,
      log,
      refusals: new LogThrottle(REFUSAL_LOG_INTERVAL_MS),
      count: metrics.countWebhook,
    },
    photos: {
      deps,
      // The URL may have another name of this machine in it than the page that uses it.
      isAllowedOrigin: (origin, host) => access.isAllowedOrigin(origin, isLocal ? 'localhost' : host),
      isOutage: isUnavailable,
    },
    files: { deps, urls: resultFiles.urls, isOutage: isUnavailable, log },
    studio: config.studio && createStudio(config.studio, imageOrigins),
    readiness: {
      database: () => database.ping(),
      isShared,
      isClosing: () => closing.aborted,
    },
    metrics: { ...metrics, token: config.metricsToken },
    log,
  });
}

function openGraphql(
  { config, log, database, fal, notifications, simulator, jobs }: Options,
  access: { readonly authenticate: Authenticate; readonly isAllowedOrigin: IsAllowedOrigin },
  imageOrigins: readonly string[],
) {
  const { costPerMinute, streamsPerOwner } = config.limits;
  return createGraphqlServer({
    services: {
      prisma: database.prisma,
      deps: jobs.deps,
      notifications,
      streams: new KeyedSemaphore(streamsPerOwner),
      rows: createRowReads(database.pool),
      uploadUrl: createUploadUrl(config),
      fileUrl: jobs.resultFiles.fileUrl,
      usage: createUsageReads(database.pool),
      changes: createChangeLog(database.pool),
    },
    ...access,
    playground: config.showsPlayground ? { simulator, imageOrigins } : null,
    hidesSchema: config.hidesSchema,
    costLimit: costPerMinute === null ? null : new CostLimit(costPerMinute),
    ticketSecret: fal.key,
    isOutage: isUnavailable,
    log,
  });
}
