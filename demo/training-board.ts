import { barLine, isWorthALine, plainLine, type BarState } from './progress-bars.ts';
import type { AvatarState } from './watch-avatar.ts';
import type { Narrator } from './narrator.ts';

/** One bar for each avatar, drawn in place where that works and told in lines where it does not. */
export class TrainingBoard {
  readonly #narrator: Narrator;
  readonly #bars = new Map<string, BarState>();
  #isOpen = false;

  constructor(narrator: Narrator) {
    this.#narrator = narrator;
  }

  /** Shows what is known by now and, from here on, whatever is told. */
  open(): void {
    this.#isOpen = true;
    if (this.#narrator.terminal.isLive) this.#draw();
    else for (const bar of this.#bars.values()) this.#narrator.line(plainLine(bar).trimStart());
  }

  tell({ id, name, status, progress }: AvatarState): void {
    const before = this.#bars.get(id) ?? null;
    const { percent = null, queuePosition = null } = progress ?? {};
    const now = { name, status, percent, queuePosition };
    this.#bars.set(id, now);
    if (!this.#isOpen) return;
    if (this.#narrator.terminal.isLive) this.#draw();
    else if (isWorthALine(before, now)) this.#narrator.line(plainLine(now).trimStart());
  }

  /** Leaves the last state on the screen; what is told later is not shown. */
  close(): void {
    this.#isOpen = false;
    this.#narrator.live.keep();
  }

  #draw(): void {
    const { live, terminal } = this.#narrator;
    live.draw([...this.#bars.values()].map((bar) => barLine(bar, terminal)));
  }
}
