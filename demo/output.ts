import { LiveLines } from './live-lines.ts';
import type { Terminal } from './terminal.ts';

export const BODY_INDENT = '     ';
/** Width of the first column with its gap. */
export const LABEL_WIDTH = 12;
const RULE_WIDTH = 76;
/** A terminal may wrap a line of its full width. */
export const RIGHT_MARGIN = 2;

/** A promise of the product that does not hold. */
export class FailedCheck extends Error {}

/** Prints the demo's steps, facts and checks. */
export class Output {
  readonly terminal: Terminal;
  readonly live: LiveLines;
  readonly #write: (text: string) => void;
  #steps = 0;
  #passed = 0;

  constructor(terminal: Terminal, write: (text: string) => void) {
    this.terminal = terminal;
    this.#write = write;
    this.live = new LiveLines(write);
  }

  /** The number of passed checks. */
  get passed(): number {
    return this.#passed;
  }

  title(name: string, lines: readonly string[]): void {
    const rule = '─'.repeat(Math.min(RULE_WIDTH, this.terminal.width() - 4));
    this.#write(`\n  ${this.#paint('bold', name)}\n  ${this.#paint('dim', rule)}\n`);
    for (const line of lines) this.#write(`  ${line}\n`);
  }

  step(text: string): void {
    this.#steps += 1;
    this.#write(`\n  ${this.#paint('cyan', String(this.#steps).padEnd(3))}${this.#paint('bold', text)}\n`);
  }

  fact(label: string, text: string): void {
    this.line(`${label.padEnd(LABEL_WIDTH)}${text}`);
  }

  /** Two columns, the second one wrapped. */
  columns(left: string, leftWidth: number, right: string): void {
    const width = this.terminal.width() - BODY_INDENT.length - leftWidth - RIGHT_MARGIN;
    for (const [index, text] of wrap(right, width).entries()) {
      this.line((index === 0 ? left : '').padEnd(leftWidth) + text);
    }
  }

  line(text: string): void {
    this.#write(`${BODY_INDENT}${text}`.trimEnd() + '\n');
  }

  /** @throws FailedCheck */
  check(holds: boolean, text: string): void {
    if (!holds) throw new FailedCheck(text);
    this.#passed += 1;
    const width = this.terminal.width() - BODY_INDENT.length - 2 - RIGHT_MARGIN;
    const [first = '', ...rest] = wrap(text, width);
    this.#write(`${BODY_INDENT}${this.#paint('green', '✓')} ${this.#paint('green', first)}\n`);
    for (const line of rest) this.#write(`${BODY_INDENT}  ${this.#paint('green', line)}\n`);
  }

  /** Shows a waiting line during the work, on a terminal that can erase it. */
  async during<T>(text: string, work: Promise<T>): Promise<T> {
    if (this.terminal.isLive) this.live.draw([this.#paint('dim', `${BODY_INDENT}${text} …`)]);
    try {
      return await work;
    } finally {
      this.live.erase();
    }
  }

  heading(text: string): void {
    this.#write(`\n  ${this.#paint('bold', text)}\n`);
  }

  #paint(...[style, text]: Parameters<Terminal['paint']>): string {
    return this.terminal.paint(style, text);
  }
}

/** Wraps a text into lines of at most `width` characters; a longer word is not broken. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
