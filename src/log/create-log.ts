import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from './log.ts';

/**
 * The server's log: one JSON object a line, on standard output.
 *
 * @param secrets texts that are blotted out wherever they stand, whatever field or message they got into
 */
export function createLog(
  level: LogLevel,
  secrets: readonly string[],
  destination?: DestinationStream,
): Logger {
  const out = destination ?? process.stdout;
  // The longest first: a secret that is part of another must not leave the rest of it standing.
  const ordered = secrets.toSorted((a, b) => b.length - a.length);
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: Error) => shortened(stdSerializers.errWithCause(error)) },
      redact: {
        paths: [...SECRET_FIELDS, ...SECRET_FIELDS.map((name) => `*.${name}`)],
        censor: '[redacted]',
      },
    },
    { write: (line: string) => void out.write(blotted(line, ordered)) },
  );
}

/** In characters: a driver's error may quote a statement with all its values. */
const MAX_TEXT = 8000;

/** The texts of an error, and of what caused it, cut to a length that a line can hold. */
function shortened(error: unknown): unknown {
  if (typeof error === 'string') return error.length > MAX_TEXT ? `${error.slice(0, MAX_TEXT)} [...]` : error;
  if (typeof error !== 'object' || error === null) return error;
  return Object.fromEntries(Object.entries(error).map(([name, value]) => [name, shortened(value)]));
}

const SECRET_FIELDS = ['authorization', 'Authorization', 'token', 'key'];

function blotted(line: string, secrets: readonly string[]): string {
  let text = line;
  for (const secret of secrets) {
    // A secret stands in JSON as JSON writes it.
    const written = JSON.stringify(secret).slice(1, -1);
    if (written !== '') text = text.replaceAll(written, '[redacted]');
  }
  return text;
}
