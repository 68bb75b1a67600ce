// npm run bench [-- --quick] [--only reads,webhooks,fan-out,start,size]
// Measures the built server beside its peers and limits, and writes results/latest.json and results/latest.md.
import { availableParallelism, cpus } from 'node:os';
import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { FULL, QUICK } from './plan.ts';
import { measureFanOut } from './metrics/fan-out.ts';
import { measureReads } from './metrics/reads.ts';
import { measureSize, measureStart } from './metrics/start.ts';
import { measureWebhooks } from './metrics/webhooks.ts';
import { openBenchDatabase } from './database.ts';
import { report } from './report.ts';
import type { Row } from './statistics.ts';

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, only: { type: 'string' } } });
const plan = values.quick === true ? QUICK : FULL;
const wanted = values.only?.split(',');

const database = await openBenchDatabase();
const measurements: Readonly<Record<string, () => Promise<Row[]>>> = {
  reads: () => measureReads(database, plan),
  webhooks: () => measureWebhooks(database, plan),
  'fan-out': () => measureFanOut(database, plan),
  start: () => measureStart(database, plan),
  size: measureSize,
};
const rows: Row[] = [];
try {
  for (const [name, measure] of Object.entries(measurements)) {
    if (wanted !== undefined && !wanted.includes(name)) continue;
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
