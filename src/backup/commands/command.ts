import { ConfigError, readConfig } from '../../config/config.ts';

/** From sysexits.h. */
export const EX_USAGE = 64;
export const EX_CONFIG = 78;

/** Ends the command; the message is for whoever typed it. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

export type Place = { readonly dataDir: string; readonly databaseUrl: string | null };
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where the data is: of the server's settings the only ones these commands read. */
export function readPlace({ DATA_DIR, DATABASE_URL }: Environment): Place {
  try {
    const { dataDir, databaseUrl } = readConfig({ DATA_DIR, DATABASE_URL });
    return { dataDir, databaseUrl };
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(error.message, EX_CONFIG);
    throw error;
  }
}

/** What the database has to say goes to whoever typed the command; what it always says does not. */
export const log = {
  info: () => undefined,
  warn: (_fields: object, message: string) => print(`warning: ${message}`),
  error: (_fields: object, message: string) => print(`error: ${message}`),
};

export function print(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a command's work and gives the exit status: 0, or 1 with one line that says why (64 wrong arguments, 78 wrong
 * settings).
 */
export async function exitStatusOf(work: () => Promise<void>): Promise<number> {
  try {
    await work();
    return 0;
  } catch (error) {
    print(error instanceof Error ? error.message || String(error) : String(error));
    return error instanceof CommandError ? error.exitCode : 1;
  }
}
