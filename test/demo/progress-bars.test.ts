import { describe, expect, it } from 'vitest';
import { barLine, isSignificant, plainLine, type BarState } from '../../demo/progress-bars.ts';
import { readTerminal } from '../../demo/terminal.ts';

const training: BarState = { name: 'Ada', status: 'TRAINING', percent: 50, queuePosition: null };
const queued: BarState = { name: 'Ada', status: 'QUEUED', percent: null, queuePosition: 2 };

function screen(columns: number, environment: Record<string, string> = { NO_COLOR: '1' }) {
  return readTerminal({ isTTY: true, columns }, environment);
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}

describe('a bar', () => {
  it.each([20, 40, 60, 79, 80, 200])('is narrower than a terminal of %i columns', (columns) => {
    for (const state of [training, queued, { ...training, percent: 100, status: 'COMPLETED' } as const]) {
      // The text alone needs 42 columns.
      expect(barLine(state, screen(columns)).length).toBeLessThan(Math.max(columns, 42));
    }
  });

  it('is filled by its percentage', () => {
    for (const percent of [0, 1, 25, 50, 99, 100]) {
      const line = barLine({ ...training, percent }, screen(80));
      const [full, empty] = [count(line, '█'), count(line, '░')];
      expect(full).toBe(Math.floor(((full + empty) * percent) / 100));
      expect(line).toContain(`${percent} %`);
    }
  });

  it('is full only at 100 percent, and never overflows', () => {
    expect(barLine({ ...training, percent: 99 }, screen(80))).toContain('░');
    expect(barLine({ ...training, percent: 100 }, screen(80))).not.toContain('░');
    expect(barLine({ ...training, percent: 400 }, screen(80)).length).toBeLessThan(80);
  });

  it('shows no unknown figure', () => {
    const line = barLine(queued, screen(80));
    expect(line).not.toMatch(/[█░%]/);
    expect(line).toContain('QUEUED, 2 ahead');
    expect(barLine({ ...queued, queuePosition: null }, screen(80))).toMatch(/QUEUED$/);
    expect(barLine({ ...queued, queuePosition: 0 }, screen(80))).toContain('QUEUED, next');
  });

  it('keeps the figures without room for a bar', () => {
    const line = barLine(training, screen(44));
    expect(line).not.toMatch(/[█░]/);
    expect(line).toContain('50 %');
  });

  it('begins in the same column for every avatar', () => {
    const short = barLine({ ...training, name: 'A' }, screen(80));
    const long = barLine({ ...training, name: 'A name too long for its column' }, screen(80));
    expect(long.indexOf('█')).toBe(short.indexOf('█'));
  });

  it('has colours unless NO_COLOR is set', () => {
    expect(barLine(training, screen(80, {}))).toContain('\u001b[36m');
    expect(barLine(training, screen(80, { NO_COLOR: '' }))).toContain('\u001b[36m');
    expect(barLine(training, screen(80, { NO_COLOR: '1' }))).not.toContain('\u001b');
  });
});

describe('without an interactive terminal', () => {
  it('a line has no bar and no escape sequence', () => {
    expect(plainLine(training)).toBe('     Ada         TRAINING          50 %');
    expect(plainLine(queued)).toBe('     Ada         QUEUED, 2 ahead');
  });

  it('a line is printed per status and per quarter, not per percent', () => {
    expect(isSignificant(null, queued)).toBe(true);
    expect(isSignificant(queued, { ...queued, queuePosition: 1 })).toBe(false);
    expect(isSignificant(queued, { ...training, percent: null })).toBe(true);
    expect(isSignificant({ ...training, percent: 26 }, { ...training, percent: 49 })).toBe(false);
    expect(isSignificant({ ...training, percent: 49 }, training)).toBe(true);
  });
});

describe('a terminal', () => {
  it('is live only when it is interactive and can move its cursor', () => {
    expect(readTerminal({ isTTY: true, columns: 80 }, { TERM: 'xterm' }).isLive).toBe(true);
    expect(readTerminal({ isTTY: true, columns: 80 }, { TERM: 'dumb' }).isLive).toBe(false);
    expect(readTerminal({}, {}).isLive).toBe(false);
  });

  it('never adds colours to a file or a pipe', () => {
    expect(readTerminal({}, {}).paint('green', 'text')).toBe('text');
  });

  it('is at most 80 columns wide, and 80 by default', () => {
    expect(screen(200).width()).toBe(80);
    expect(screen(0).width()).toBe(80);
    expect(readTerminal({}, {}).width()).toBe(80);
    expect(screen(50).width()).toBe(50);
  });
});
