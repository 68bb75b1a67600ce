import { createFileCopier, type CopyFilesDeps } from './jobs/files/copy-files.ts';
import { createOwnAddress } from './http/own-address.ts';
import { deleteUnknownFiles } from './jobs/files/delete-files.ts';
import { FileLinks } from './links/file-links.ts';
import { FileUrls } from './http/files/file-url.ts';
import { LogThrottle } from './log/log-throttle.ts';
import { openStorage } from './storage/open-storage.ts';
import { readDatabaseId } from './db/store/database-id.ts';
import { PgResultFileStore } from './db/store/result-file-store.ts';
import { trustedOrigins } from './links/trusted-origins.ts';
import { MINUTE_MS } from './values/units.ts';
import type { Config, FalConfig } from './config/config.ts';
import type { Database } from './open-database.ts';
import type { Services } from './graphql/context.ts';

const FAULT_LOG_INTERVAL_MS = MINUTE_MS;

type Options = Pick<CopyFilesDeps, 'log' | 'metrics' | 'closing'> & {
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
  const faults = new LogThrottle(FAULT_LOG_INTERVAL_MS);
  const copier = createFileCopier({
    ...options,
    files,
    resultFiles,
    keepsFiles,
    fileSource: new FileLinks({ trustedOrigins: trustedOrigins(config, fal), closing }),
    logStorageFault: (error) => {
      const times = faults.times('fault');
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
    deps: { files, resultFiles, copier },
    urls,
    fileUrl,
    readBacklog: () => files.readBacklog(),
    copyDue: (stop: AbortSignal) => copier.sweep(stop),
    deleteUnknown: (stop: AbortSignal) => deleteUnknownFiles(swept, stop),
    settled: () => copier.settled(),
  };
}
