import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError, readConfig } from '../config/config.ts';
import { databaseFolder } from '../embedded/database.ts';

/** From sysexits.h. */
export const EX_USAGE = 64;
export const EX_CONFIG = 78;

/** Ends the command; the message is printed. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The location of the data, from the server's own settings. */
export function readPlace({ DATA_DIR, DATABASE_URL }: Readonly<Record<string, string | undefined>>): {
  readonly dataDir: string;
  readonly databaseUrl: string | null;
} {
  try {
    const { dataDir, databaseUrl } = readConfig({ DATA_DIR, DATABASE_URL });
    return { dataDir: resolve(dataDir), databaseUrl };
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, EX_CONFIG);
    throw error;
  }
}

export function requireEmbedded(dataDir: string): void {
  if (existsSync(databaseFolder(dataDir))) return;
  throw new CommandError(`There is no embedded database in ${dataDir} (DATA_DIR)`, EX_CONFIG);
}

/** The database's log, printed; its informative lines are left out. */
export const log = {
  info: () => undefined,
  warn: (_fields: object, message: string) => report(`warning: ${message}`),
  error: (_fields: object, message: string) => report(`error: ${message}`),
};

/** Prints what the command was asked for. Its reader may leave early, as `head` does. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints messages about the progress. */
export function report(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a command. The exit status is 0; after an error, which is printed in one line, it is 1, 64 for wrong arguments or
 * 78 for wrong settings.
 */
export async function exitStatusOf(work: () => Promise<void>): Promise<number> {
  process.stdout.on('error', () => undefined);
  process.exitCode = 1; // of a process that has nothing left to wait for before the work ends
  try {
    await work();
    return 0;
  } catch (error) {
    report(error instanceof Error ? error.message || String(error) : String(error));
    return error instanceof CommandError ? error.exitCode : 1;
  }
}
