import { ConfigError } from '../config/config.ts';

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
    if (error instanceof ConfigError) return EX_CONFIG;
    return error instanceof CommandError ? error.exitCode : 1;
  }
}
