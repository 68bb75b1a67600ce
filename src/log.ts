import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from './config.ts';

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
      serializers: { err: stdSerializers.errWithCause },
      redact: {
        paths: [...SECRET_FIELDS, ...SECRET_FIELDS.map((name) => `*.${name}`)],
        censor: '[redacted]',
      },
    },
    { write: (line: string) => void out.write(blotted(line, ordered)) },
  );
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
