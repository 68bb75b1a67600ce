import { createFileKeeper, type KeepFilesDeps } from './jobs/files/keep-files.ts';
import { createOwnAddress } from './http/own-address.ts';
import { deleteUnknownFiles, UNKNOWN_AFTER_MS } from './jobs/files/delete-files.ts';
import { FileLinks } from './links/file-links.ts';
import { FileUrls } from './http/files/file-url.ts';
import { LogThrottle } from './log/log-throttle.ts';
import { openStorage } from './storage/open-storage.ts';
import { readDatabaseId } from './db/store/database-id.ts';
import { PgResultFileStore } from './db/store/result-file-store.ts';
import { runEvery } from './async/run-every.ts';
import { trustedOrigins } from './links/trusted-origins.ts';
import { MINUTE_MS } from './values/units.ts';
import type { Config, FalConfig } from './config/config.ts';
import type { Database } from './open-database.ts';
import type { Services } from './graphql/context.ts';

const FULL_LOG_INTERVAL_MS = MINUTE_MS;
const KEEP_INTERVAL_MS = 1000;

type Options = Pick<KeepFilesDeps, 'log' | 'metrics' | 'closing'> & {
  readonly config: Config;
  readonly database: Database;
  readonly instanceId: string;
  readonly fal: FalConfig;
};

/** The parts that copy the files of runs, and make the URLs of files. */
export async function openResultFiles(options: Options) {
  const { config, database, instanceId, fal, closing, log } = options;
  const { keepsFiles } = config;
  const files = new PgResultFileStore(database.pool, instanceId);
  const databaseId = () => readDatabaseId(database.pool);
  const { files: resultFiles, bind } = await openStorage(config, 'files', databaseId);
  const full = new LogThrottle(FULL_LOG_INTERVAL_MS);
  const keeper = createFileKeeper({
    ...options,
    files,
    resultFiles,
    keepsFiles,
    fileSource: new FileLinks({ trustedOrigins: trustedOrigins(config, fal), closing }),
    logNoRoom: (error) => {
      const times = full.times('full');
      if (times !== null)
        log.error({ err: error, times }, 'file storage full or unavailable; file copies are retried');
    },
  });
  // All instances have this key in common.
  const urls = new FileUrls(fal.key, createOwnAddress(config));
  const fileUrl: Services['fileUrl'] = (file, host) =>
    keepsFiles || 'photoId' in file ? urls.urlOf(file, host) : null;
  const swept = {
    storage: resultFiles,
    bind,
    findUnknown: (keys: readonly string[]) => files.findUnknown(keys),
    log,
  };
  return {
    deps: { files, resultFiles, keeper },
    urls,
    fileUrl,
    readBacklog: () => files.readBacklog(),
    begin: () => [
      runEvery((stop) => keeper.sweep(stop), { intervalMs: KEEP_INTERVAL_MS, log }),
      runEvery((stop) => deleteUnknownFiles(swept, stop), { intervalMs: UNKNOWN_AFTER_MS, log }),
    ],
    settled: () => keeper.settled(),
  };
}
