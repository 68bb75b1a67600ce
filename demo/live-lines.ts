const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';

/** A few lines at the end of the output that are drawn again and again in the same place. */
export class LiveLines {
  readonly #write: (text: string) => void;
  #height = 0;

  /** @param write to a terminal that understands ANSI sequences */
  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  /** Draws over what the last call drew. No line may be as wide as the terminal: a wrapped one counts as two. */
  draw(lines: readonly string[]): void {
    const hide = this.#height === 0 ? HIDE_CURSOR : '';
    this.#write(`${hide}${this.#back()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#height = lines.length;
  }

  /** What was drawn stays where it is, and the output goes on below. */
  keep(): void {
    if (this.#height > 0) this.#write(SHOW_CURSOR);
    this.#height = 0;
  }

  /** What was drawn disappears. */
  erase(): void {
    if (this.#height > 0) this.#write(`${this.#back()}${SHOW_CURSOR}`);
    this.#height = 0;
  }

  /** To the first of the lines, with everything below gone. In one write with what follows, so nothing flickers. */
  #back(): string {
    return this.#height === 0 ? '' : `\u001b[${this.#height}A\r\u001b[0J`;
  }
}
