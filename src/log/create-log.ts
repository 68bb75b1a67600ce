import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from './log.ts';

/**
 * The server's log: one JSON object per line, on standard output.
 *
 * @param secrets texts that are redacted in every field and message
 */
export function createLog(
  level: LogLevel,
  secrets: readonly string[],
  destination?: DestinationStream,
): Logger {
  const out = destination ?? process.stdout;
  // Longest first: a secret inside another must not leave the rest of that one readable.
  const ordered = secrets.toSorted((a, b) => b.length - a.length);
  return pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: Error) => truncated(stdSerializers.errWithCause(error)) },
      redact: {
        paths: [...SECRET_FIELDS, ...SECRET_FIELDS.map((name) => `*.${name}`)],
        censor: '[redacted]',
      },
    },
    { write: (line: string) => void out.write(redacted(line, ordered)) },
  );
}

/** In characters: a database error may quote a statement with all its values. */
const MAX_TEXT = 8000;

/** Truncates every text of an error and of its causes. */
function truncated(error: unknown): unknown {
  if (typeof error === 'string') return error.length > MAX_TEXT ? `${error.slice(0, MAX_TEXT)} [...]` : error;
  if (typeof error !== 'object' || error === null) return error;
  return Object.fromEntries(Object.entries(error).map(([name, value]) => [name, truncated(value)]));
}

const SECRET_FIELDS = ['authorization', 'Authorization', 'token', 'key'];

function redacted(line: string, secrets: readonly string[]): string {
  let text = line;
  for (const secret of secrets) {
    const escaped = JSON.stringify(secret).slice(1, -1);
    if (escaped !== '') text = text.replaceAll(escaped, '[redacted]');
  }
  return text;
}
