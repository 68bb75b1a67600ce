import type { AvatarStatus } from '../src/generated/contract/graphql.ts';
import type { Terminal, Style } from './terminal.ts';
import { BODY_INDENT, LABEL_WIDTH, RIGHT_MARGIN } from './output.ts';

/** What a bar shows of an avatar: nothing that its subscription did not say. */
export type BarState = {
  readonly name: string;
  readonly status: AvatarStatus;
  /** 0 to 100; null while unknown. */
  readonly percent: number | null;
  /** How many runs are ahead; null when that is unknown or it does not wait. */
  readonly queuePosition: number | null;
};

const PERCENT_WIDTH = 6;
const WORDS_WIDTH = 17;
const WIDEST_BAR = 36;
/** A shorter bar says nothing; the figures alone do. */
const NARROWEST_BAR = 8;

/** One line, narrower than the terminal: name, bar, percent and words. */
export function barLine(state: BarState, terminal: Terminal): string {
  const taken = BODY_INDENT.length + LABEL_WIDTH + PERCENT_WIDTH + WORDS_WIDTH + RIGHT_MARGIN;
  const width = Math.min(WIDEST_BAR, terminal.width() - taken);
  const style = STYLES[state.status];
  const bar = width < NARROWEST_BAR ? '' : barOf(state.percent, { width, style, terminal });
  const percent = state.percent === null ? '' : `${state.percent} %`;
  const figures = bar === '' ? percent.padEnd(PERCENT_WIDTH) : `${percent.padStart(PERCENT_WIDTH)}  `;
  const label = state.name.slice(0, LABEL_WIDTH - 1).padEnd(LABEL_WIDTH);
  return `${BODY_INDENT}${label}${bar}${figures}${terminal.paint(style, wordsFor(state))}`;
}

/** The same for output that cannot be drawn over: a line that stays true when the next one follows. */
export function plainLine(state: BarState): string {
  const percent = state.percent === null ? '' : `${String(state.percent).padStart(3)} %`;
  return `${BODY_INDENT}${state.name.padEnd(LABEL_WIDTH)}${wordsFor(state).padEnd(WORDS_WIDTH)}${percent}`.trimEnd();
}

/** Whether such a line is worth printing: a new status, or another quarter of the way. */
export function isSignificant(before: BarState | null, now: BarState): boolean {
  return before?.status !== now.status || quarter(before) !== quarter(now);
}

function quarter({ percent }: BarState): number {
  return percent === null ? 0 : Math.floor(percent / 25);
}

function barOf(
  percent: number | null,
  { width, style, terminal }: { readonly width: number; readonly style: Style; readonly terminal: Terminal },
): string {
  // Unknown is not zero, so it does not look like zero.
  if (percent === null) return terminal.paint('dim', '·'.repeat(width));
  const full = Math.floor((Math.min(Math.max(percent, 0), 100) / 100) * width);
  return terminal.paint(style, '█'.repeat(full)) + terminal.paint('dim', '░'.repeat(width - full));
}

function wordsFor({ status, queuePosition }: BarState): string {
  if (status !== 'QUEUED' || queuePosition === null) return status;
  return queuePosition === 0 ? 'QUEUED, next' : `QUEUED, ${queuePosition} ahead`;
}

const STYLES = {
  DRAFT: 'dim',
  QUEUED: 'yellow',
  TRAINING: 'cyan',
  COMPLETED: 'green',
  FAILED: 'red',
  CANCELLED: 'red',
} as const satisfies Record<AvatarStatus, Style>;
