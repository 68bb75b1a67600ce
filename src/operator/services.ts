import { BUCKET_SETTINGS } from '../config/bucket.ts';
import { CommandError, EX_CONFIG, log } from '../cli/command.ts';
import { DataDirInUseError } from '../embedded/folder-lock.ts';
import { openDatabase, type Database } from '../open-database.ts';
import { openStorage } from '../storage/open-storage.ts';
import { readDatabaseId } from '../db/store/database-id.ts';
import { readDataLocation, readSettings, requireEmbedded } from '../cli/settings.ts';
import type { Environment } from '../config/env-reader.ts';
import type { FalConfig } from '../config/config.ts';
import type { FileStorage } from '../storage/file-storage.ts';

/** What the commands work with. */
export type OperatorServices = {
  readonly database: Database;
  /** @throws CommandError without FAL_KEY */
  readonly fal: () => FalConfig;
  /** Origins of files that may be downloaded although their address is not public. */
  readonly importOrigins: ReadonlySet<string>;
  /** The storage of the copies of files. */
  readonly openFiles: () => Promise<FileStorage>;
  readonly close: () => Promise<void>;
};

/** Opens the server's database: PostgreSQL also while servers run, the embedded one only while none runs. */
export async function openServices(environment: Environment): Promise<OperatorServices> {
  const { dataDir, databaseUrl } = readDataLocation(environment);
  // The other settings of fal are an error without FAL_KEY.
  const ofFal = environment['FAL_KEY'] ? ['FAL_KEY', 'FAL_QUEUE_URL', 'FAL_REST_URL'] : [];
  const { fal, importOrigins, bucket } = readSettings(environment, [
    ...ofFal,
    'IMPORT_ORIGINS',
    ...BUCKET_SETTINGS,
  ]);
  if (databaseUrl === null) requireEmbedded(dataDir);
  try {
    const database = await openDatabase({ dataDir, databaseUrl: databaseUrl ?? undefined, poolSize: 2, log });
    const openFiles = async () => {
      const databaseId = () => readDatabaseId(database.pool);
      return (await openStorage({ dataDir, bucket }, 'files', databaseId)).files;
    };
    return {
      database,
      fal: () => {
        if (fal !== null) return fal;
        // The built-in simulator has a key that nobody else knows.
        throw new CommandError('FAL_KEY is not set: use the value of the server', EX_CONFIG);
      },
      importOrigins: new Set(importOrigins),
      openFiles,
      close: () => database.close(),
    };
  } catch (error) {
    if (!(error instanceof DataDirInUseError)) throw error;
    throw new CommandError(
      `The data folder ${error.dataDir} is in use by ${error.holder}, and the embedded database has room for one process: ` +
        'stop the server first, run this command, and start the server again',
    );
  }
}
