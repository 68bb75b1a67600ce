// npm run bench [-- --quick] [--check] [--only reads,webhooks,fan-out,start,size,growth] [--scale 100]
// Measures the built server beside its peers and limits, and writes results/latest.json and results/latest.md.
import { availableParallelism, cpus } from 'node:os';
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { FULL, QUICK } from './plan.ts';
import { measureFanOut } from './metrics/fan-out.ts';
import { measureGrowth, measureReads } from './metrics/reads.ts';
import { measureSize, measureStart } from './metrics/start.ts';
import { measureWebhooks } from './metrics/webhooks.ts';
import { openBenchDatabase } from './database.ts';
import { missedGoals } from './goals.ts';
import { report } from './report.ts';
import type { Row } from './statistics.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    check: { type: 'boolean' },
    only: { type: 'string' },
    scale: { type: 'string', default: '100' },
  },
});
const plan = values.quick === true ? QUICK : FULL;
/** Growth writes nine million rows first, so it runs when it is asked for. */
const wanted = values.only?.split(',') ?? ['reads', 'webhooks', 'fan-out', 'start', 'size'];

const database = await openBenchDatabase();
const measurements: Readonly<Record<string, () => Promise<Row[]>>> = {
  reads: () => measureReads(database, plan),
  webhooks: () => measureWebhooks(database, plan),
  'fan-out': () => measureFanOut(database, plan),
  start: () => measureStart(database, plan),
  size: measureSize,
  growth: () => measureGrowth(database, plan, Number(values.scale)),
};
const rows: Row[] = [];
try {
  for (const [name, measure] of Object.entries(measurements)) {
    if (!wanted.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    rows.push(...(await measure()));
  }
} finally {
  await database.remove();
}

const machine = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: availableParallelism(),
  plan: values.quick === true ? 'quick' : 'full',
};
const markdown = report(machine, rows);
const results = new URL('results/', import.meta.url);
await mkdir(results, { recursive: true });
await writeFile(new URL('latest.json', results), `${JSON.stringify({ machine, rows }, null, 2)}\n`);
await writeFile(new URL('latest.md', results), markdown);
process.stdout.write(markdown);
if (values.check === true) {
  const missed = missedGoals(rows);
  for (const line of missed) process.stderr.write(`far behind its goal: ${line}\n`);
  if (missed.length > 0) process.exitCode = 1;
}
