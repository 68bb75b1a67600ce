import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type StateFolder = ReturnType<typeof createStateFolder>;

/**
 * Small JSON documents on disk. Writes are synchronous and replace the whole document, so an answer sent after a
 * write never promises more than a killed process remembers.
 * @param dir without it everything is forgotten
 */
export function createStateFolder(dir: string | undefined) {
  if (dir !== undefined)
    for (const part of ['runs', 'files']) mkdirSync(join(dir, part), { recursive: true });

  return {
    dir,
    /** Null when it is absent or no longer readable as JSON. */
    read(name: string): unknown {
      if (dir === undefined) return null;
      try {
        return JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8')) as unknown;
      } catch {
        return null;
      }
    },
    write(name: string, value: unknown): void {
      if (dir === undefined) return;
      const path = join(dir, `${name}.json`);
      writeFileSync(`${path}.part`, JSON.stringify(value));
      renameSync(`${path}.part`, path);
    },
    /** Names, ready for `read`, of the documents in a sub-folder. */
    list(part: 'runs' | 'files'): string[] {
      if (dir === undefined) return [];
      const names = readdirSync(join(dir, part)).filter((name) => name.endsWith('.json'));
      return names.map((name) => `${part}/${name.slice(0, -'.json'.length)}`);
    },
  };
}
