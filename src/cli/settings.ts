import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandError, EX_CONFIG } from './command.ts';
import { databaseFolder } from '../embedded/data-folder.ts';
import { readConfig, type Config } from '../config/config.ts';
import type { Environment } from '../config/env-reader.ts';

/** The server's settings. A command ignores all but those it names, so that the rest need not be valid. */
export function readSettings(environment: Environment, names: readonly string[]): Config {
  return readConfig(Object.fromEntries(names.map((name) => [name, environment[name]])));
}

export function readDataLocation(environment: Environment): Pick<Config, 'dataDir' | 'databaseUrl'> {
  const { dataDir, databaseUrl } = readSettings(environment, ['DATA_DIR', 'DATABASE_URL']);
  return { dataDir: resolve(dataDir), databaseUrl };
}

export function requireEmbedded(dataDir: string): void {
  if (existsSync(databaseFolder(dataDir))) return;
  throw new CommandError(`There is no embedded database in ${dataDir} (DATA_DIR)`, EX_CONFIG);
}
