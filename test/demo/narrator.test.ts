import { describe, expect, it } from 'vitest';
import { BrokenPromise, Narrator, wrap } from '../../demo/narrator.ts';
import { LiveLines } from '../../demo/live-lines.ts';
import { readTerminal } from '../../demo/terminal.ts';

function narratorTo(written: string[], columns?: number) {
  const stream = columns === undefined ? {} : { isTTY: true, columns };
  return new Narrator(readTerminal(stream, { NO_COLOR: '1' }), (text) => void written.push(text));
}

describe('the narrator', () => {
  it('counts the promises that held and stops at one that did not', () => {
    const written: string[] = [];
    const narrator = narratorTo(written);
    narrator.promise(true, 'Water is wet.');
    expect(() => narrator.promise(false, 'Water is dry.')).toThrow(new BrokenPromise('Water is dry.'));
    expect(narrator.kept).toBe(1);
    expect(written.join('')).toBe('     ✓ Water is wet.\n');
  });

  it('stays narrower than the screen', () => {
    const written: string[] = [];
    const narrator = narratorTo(written, 40);
    narrator.title('Likeness', []);
    narrator.promise(true, 'A sentence that is much longer than forty columns can hold.');
    narrator.columns('left', 10, 'one, two, three, four, five, six, seven, eight');
    for (const line of written.join('').split('\n')) expect(line.length).toBeLessThan(40);
  });

  it('says nothing of waiting where it could not take it back', async () => {
    const written: string[] = [];
    await narratorTo(written).during('waiting', Promise.resolve());
    expect(written).toEqual([]);
  });

  it('takes back what it said of waiting, also when the work fails', async () => {
    const written: string[] = [];
    const work = narratorTo(written, 80).during('waiting', Promise.reject(new Error('no')));
    await expect(work).rejects.toThrow('no');
    expect(written.join('')).toMatch(/waiting …\n.*\u001b\[1A\r\u001b\[0J\u001b\[\?25h$/s);
  });
});

describe('live lines', () => {
  it('are drawn over their own height, and leave the cursor visible below them', () => {
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
  it('breaks between words and never within one', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable', 3)).toEqual(['unbreakable']);
  });
});
