import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The newest ones; a hung demo must not fill the memory. */
const MOST_LINES = 2000;

/** Keeps the server's log in memory: it would clutter the story, and is wanted when the story ends badly. */
export class ServerLog {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }

  /** @returns the file's path, null when there is nothing to save or no place for it */
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
