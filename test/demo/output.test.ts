import { describe, expect, it } from 'vitest';
import { FailedCheck, Output, wrap } from '../../demo/output.ts';
import { LiveLines } from '../../demo/live-lines.ts';
import { readTerminal } from '../../demo/terminal.ts';

function outputTo(written: string[], columns?: number) {
  const stream = columns === undefined ? {} : { isTTY: true, columns };
  return new Output(readTerminal(stream, { NO_COLOR: '1' }), (text) => void written.push(text));
}

describe('the output', () => {
  it('counts passed checks and throws at a failed one', () => {
    const written: string[] = [];
    const output = outputTo(written);
    output.check(true, 'Water is wet.');
    expect(() => output.check(false, 'Water is dry.')).toThrow(new FailedCheck('Water is dry.'));
    expect(output.passed).toBe(1);
    expect(written.join('')).toBe('     ✓ Water is wet.\n');
  });

  it('is narrower than the terminal', () => {
    const written: string[] = [];
    const output = outputTo(written, 40);
    output.title('Likeness', []);
    output.check(true, 'A sentence that is much longer than forty columns can hold.');
    output.columns('left', 10, 'one, two, three, four, five, six, seven, eight');
    for (const line of written.join('').split('\n')) expect(line.length).toBeLessThan(40);
  });

  it('prints no waiting line that it could not erase', async () => {
    const written: string[] = [];
    await outputTo(written).during('waiting', Promise.resolve());
    expect(written).toEqual([]);
  });

  it('erases the waiting line, also when the work fails', async () => {
    const written: string[] = [];
    const work = outputTo(written, 80).during('waiting', Promise.reject(new Error('no')));
    await expect(work).rejects.toThrow('no');
    expect(written.join('')).toMatch(/waiting …\n.*\u001b\[1A\r\u001b\[0J\u001b\[\?25h$/s);
  });
});

describe('live lines', () => {
  it('are redrawn in place, and leave the cursor visible below them', () => {
    const written: string[] = [];
    const live = new LiveLines((text) => void written.push(text));
    live.draw(['a', 'b']);
    live.draw(['c', 'd']);
    live.keep();
    live.draw(['e']);
    expect(written).toEqual([
      '\u001b[?25la\nb\n',
      '\u001b[2A\r\u001b[0Jc\nd\n',
      '\u001b[?25h',
      '\u001b[?25le\n',
    ]);
  });
});

describe('wrap', () => {
  it('breaks lines between words only', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable', 3)).toEqual(['unbreakable']);
  });
});
