import { Disposer } from '../../src/async/disposer.ts';
import { falSide, ROWS, type Outcome, type Row } from './rows.ts';
import { join } from 'node:path';
import { startNaive, startOurs } from './products.ts';
import { startSimulator } from '@likeness/fal-simulator';
import { temporaryFolder } from '../services.ts';

/** Of naive-server.ts. */
const NAIVE_LINES = 57;

const TIMING = { queueMs: 200, trainMs: 800, generateMs: 300, progressSteps: 4 };

const disposer = new Disposer();
void compare().finally(() => disposer.dispose());

/** Prints the table of README.md. The exit status is 1 when Likeness is wrong in a row. */
async function compare(): Promise<void> {
  const simulator = await startSimulator({ timing: TIMING });
  disposer.add(() => simulator.close());
  const folder = await temporaryFolder(disposer);
  const naive = await startNaive(simulator);
  disposer.add(() => naive.close());
  const ours = await startOurs(simulator, join(folder, 'data'));
  disposer.add(() => ours.close());
  const [naiveFal, ourFal] = [falSide(simulator, 'naive'), falSide(simulator, 'ours')];

  const outcomesOf = ({ of }: Row) => Promise.all([of(naive, naiveFal), of(ours, ourFal)]);
  const together = new Map(
    ROWS.filter(({ isAlone }) => isAlone !== true).map((row) => [row, outcomesOf(row)] as const),
  );
  await Promise.all(together.values());
  const outcomes: (readonly [Outcome, Outcome])[] = [];
  for (const row of ROWS) outcomes.push(await (together.get(row) ?? outcomesOf(row)));

  console.log(`| What happens | A server of ${NAIVE_LINES} lines | Likeness |\n| --- | --- | --- |`);
  for (const [index, [theirs, mine]] of outcomes.entries())
    console.log(`| ${ROWS[index]?.what ?? ''} | ${shown(theirs)} | ${shown(mine)} |`);
  process.exitCode = outcomes.every(([, { isRight }]) => isRight) ? 0 : 1;
}

function shown({ words, isRight }: Outcome): string {
  return `${isRight ? '✓' : '✗'} ${words}`;
}
