import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const MOST_LINES = 2000;

/** Keeps the newest lines of the server's log, to save them when the demo fails. */
export class ServerLog {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }

  /** @returns the file's path; null when there are no lines or the folder is not writable */
  async save(folder: string): Promise<string | null> {
    if (this.#lines.length === 0) return null;
    const file = join(folder, 'server.log');
    try {
      await mkdir(folder, { recursive: true });
      await writeFile(file, this.#lines.join(''));
      return file;
    } catch {
      return null;
    }
  }
}
