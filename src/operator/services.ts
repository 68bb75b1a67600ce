import { CommandError, EX_CONFIG, log, readPlace, requireEmbedded } from '../cli/command.ts';
import { ConfigError, readConfig, type FalConfig } from '../config/config.ts';
import { DataDirInUseError } from '../embedded/folder-lock.ts';
import { openDatabase, type Database } from '../open-database.ts';
import { openStorage } from '../storage/open-storage.ts';
import { readDatabaseId } from '../db/store/database-id.ts';
import type { Bucket } from '../storage/s3-storage.ts';
import type { FileStorage } from '../storage/file-storage.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the commands work with. */
export type Services = {
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
export async function openServices(environment: Environment): Promise<Services> {
  const { dataDir, databaseUrl } = readPlace(environment);
  const fal = readFal(environment);
  const importOrigins = readImportOrigins(environment);
  const bucket = readBucketIn(environment);
  if (databaseUrl === null) requireEmbedded(dataDir);
  try {
    const database = await openDatabase({ dataDir, databaseUrl: databaseUrl ?? undefined, poolSize: 2, log });
    const openFiles = async () => {
      const databaseId = () => readDatabaseId(database.pool);
      return (await openStorage({ dataDir, bucket }, 'files', databaseId)).files;
    };
    return { database, fal, importOrigins, openFiles, close: () => database.close() };
  } catch (error) {
    if (!(error instanceof DataDirInUseError)) throw error;
    throw new CommandError(
      `The data folder ${error.dataDir} is in use by ${error.holder}, and the embedded database has room for one process: ` +
        'stop the server first, run this command, and start the server again',
    );
  }
}

function readImportOrigins({ IMPORT_ORIGINS }: Environment): ReadonlySet<string> {
  try {
    return new Set(readConfig({ IMPORT_ORIGINS }).importOrigins);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, EX_CONFIG);
    throw error;
  }
}

function readBucketIn(environment: Environment): Bucket | null {
  try {
    return readConfig(
      Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('S3_'))),
    ).bucket;
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, EX_CONFIG);
    throw error;
  }
}

/** The server's settings of fal. The built-in simulator has a key that nobody else knows. */
function readFal({ FAL_KEY, FAL_QUEUE_URL, FAL_REST_URL }: Environment): () => FalConfig {
  try {
    const { fal } = readConfig(FAL_KEY ? { FAL_KEY, FAL_QUEUE_URL, FAL_REST_URL } : {});
    return () => {
      if (fal === null) throw new CommandError('FAL_KEY is not set: use the value of the server', EX_CONFIG);
      return fal;
    };
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, EX_CONFIG);
    throw error;
  }
}
