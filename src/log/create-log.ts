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
      serializers: { err: (error: unknown) => truncated(error) },
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

/** Of causes and fields inside each other. An error may have fields that lead back to it. */
const MAX_DEPTH = 6;

/**
 * Truncates every text of an error, of its causes and of their fields. An object of a class is logged as its text: the
 * fields of a connection, for example, are no business of the log.
 */
function truncated(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.length > MAX_TEXT ? `${value.slice(0, MAX_TEXT)} [...]` : value;
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (depth === MAX_DEPTH) return '[...]';
  const inner = (part: unknown) => truncated(part, depth + 1);
  if (Array.isArray(value)) return value.map(inner);
  if (value instanceof Error) return inner(stdSerializers.errWithCause(value));
  if ('constructor' in value && value.constructor !== Object) {
    return truncated((value as { toString(): string }).toString());
  }
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, inner(part)]));
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
