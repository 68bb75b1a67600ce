import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

export type StateFolder = ReturnType<typeof createStateFolder>;

/**
 * Small JSON documents on disk. Writes are synchronous and atomic, so that they survive a kill after the answer.
 * @param dir undefined: nothing is stored
 */
export function createStateFolder(dir: string | undefined) {
  if (dir !== undefined) {
    for (const part of ['runs', 'files']) mkdirSync(join(dir, part), { recursive: true, mode: 0o700 });
    // It holds signing keys and callback tokens.
    closeToOthers(dir);
  }

  return {
    dir,
    /** Null when it is absent or not JSON. */
    read(name: string): unknown {
      if (dir === undefined) return null;
      const path = join(dir, `${name}.json`);
      return existsSync(path) ? (parseJson(readFileSync(path, 'utf8')) ?? null) : null;
    },
    write(name: string, value: unknown): void {
      if (dir === undefined) return;
      const path = join(dir, `${name}.json`);
      writeFileSync(`${path}.part`, JSON.stringify(value));
      renameSync(`${path}.part`, path);
    },
    /** Appends a document to a list and returns its length. `readLines` skips lines that a crash cut. */
    append(name: string, value: unknown): number {
      if (dir === undefined) return 0;
      const line = `${JSON.stringify(value)}\n`;
      appendFileSync(join(dir, `${name}.jsonl`), line);
      return line.length;
    },
    /** Replaces a list and returns its length. */
    writeLines(name: string, values: readonly unknown[]): number {
      if (dir === undefined) return 0;
      const text = values.map((value) => `${JSON.stringify(value)}\n`).join('');
      const path = join(dir, `${name}.jsonl`);
      writeFileSync(`${path}.part`, text);
      renameSync(`${path}.part`, path);
      return text.length;
    },
    remove(name: string): void {
      if (dir !== undefined) rmSync(join(dir, `${name}.json`), { force: true });
    },
    readLines(name: string): unknown[] {
      if (dir === undefined || !existsSync(join(dir, `${name}.jsonl`))) return [];
      const lines = readFileSync(join(dir, `${name}.jsonl`), 'utf8')
        .split('\n')
        .filter(Boolean);
      return lines.map(parseJson).filter((value) => value !== undefined);
    },
    /** Names of the documents in a subfolder, for `read`. */
    list(part: 'runs' | 'files'): string[] {
      if (dir === undefined) return [];
      const names = readdirSync(join(dir, part)).filter((name) => name.endsWith('.json'));
      return names.map((name) => `${part}/${name.slice(0, -'.json'.length)}`);
    },
  };
}

function closeToOthers(dir: string): void {
  try {
    chmodSync(dir, 0o700);
  } catch {
    // The folder belongs to another user.
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
