import type { Log } from '../../src/log/log.ts';

type Line = { readonly level: keyof Log; readonly message: string; readonly fields: object };

/** A log that keeps its lines for the test to look at. */
export function memoryLog(): Log & { readonly lines: readonly Line[] } {
  const lines: Line[] = [];
  const at = (level: keyof Log) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
  };
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
