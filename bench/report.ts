import { goalOf } from './goals.ts';
import type { Row, Spread } from './statistics.ts';

type Machine = {
  readonly date: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly plan: string;
};

/** All rows as a Markdown table, with the goal beside the rows that have one. */
export function report({ date, node, cpu, cores, plan }: Machine, rows: readonly Row[]): string {
  const lines = [
    `${date}, Node ${node}, ${cores} cores of ${cpu}, ${plan} run. Medians of all rounds; in brackets the range.`,
    '',
    '| metric | contender | ratio | figure | goal |',
    '| --- | --- | --- | --- | --- |',
    ...rows.map((row) => {
      const goal = goalOf(row);
      const wanted =
        goal === undefined ? '' : `${goal.kind} ${goal.goal}${goal.of === 'value' ? ` ${row.unit}` : ''}`;
      return `| ${row.metric} | ${row.contender} | ${text(row.ratio)} | ${text(row.value)} ${row.unit} | ${wanted} |`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}

function text({ median, min, max }: Spread): string {
  return min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}
