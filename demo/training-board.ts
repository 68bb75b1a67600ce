import { barLine, isSignificant, plainLine, type BarState } from './progress-bars.ts';
import type { AvatarState } from './watch-avatar.ts';
import type { Output } from './output.ts';

/** A progress bar per avatar: redrawn in place on a terminal, printed as lines elsewhere. */
export class TrainingBoard {
  readonly #output: Output;
  readonly #bars = new Map<string, BarState>();
  #isOpen = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Shows the current states and every update. */
  open(): void {
    this.#isOpen = true;
    if (this.#output.terminal.isLive) this.#draw();
    else for (const bar of this.#bars.values()) this.#output.line(plainLine(bar).trimStart());
  }

  update({ id, name, status, progress }: AvatarState): void {
    const before = this.#bars.get(id) ?? null;
    const { percent = null, queuePosition = null } = progress ?? {};
    const now = { name, status, percent, queuePosition };
    this.#bars.set(id, now);
    if (!this.#isOpen) return;
    if (this.#output.terminal.isLive) this.#draw();
    else if (isSignificant(before, now)) this.#output.line(plainLine(now).trimStart());
  }

  /** Keeps the last states on the screen and ignores later updates. */
  close(): void {
    this.#isOpen = false;
    this.#output.live.keep();
  }

  #draw(): void {
    const { live, terminal } = this.#output;
    live.draw([...this.#bars.values()].map((bar) => barLine(bar, terminal)));
  }
}
