const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** Lines at the end of the output that are redrawn in place. */
export class LiveLines {
  readonly #write: (text: string) => void;
  #height = 0;

  /** @param write to a terminal that understands ANSI sequences */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Replaces the lines of the last call. A line must be narrower than the terminal, which would wrap it. */
  draw(lines: readonly string[]): void {
    const hide = this.#height === 0 ? HIDE_CURSOR : '';
    this.#write(`${hide}${this.#back()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#height = lines.length;
  }

  /** Keeps the lines; the output continues below. */
  keep(): void {
    if (this.#height > 0) this.#write(SHOW_CURSOR);
    this.#height = 0;
  }

  /** Removes the lines. */
  erase(): void {
    if (this.#height > 0) this.#write(`${this.#back()}${SHOW_CURSOR}`);
    this.#height = 0;
  }

  /** Moves to the first line and clears below; written together with the new lines to avoid flicker. */
  #back(): string {
    return this.#height === 0 ? '' : `\u001b[${this.#height}A\r\u001b[0J`;
  }
}
