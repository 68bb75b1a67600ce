// npm run soak -- [--minutes 5] [--seed N] [--database embedded|postgres] [--instances 1]
import { parseArgs } from 'node:util';
import { buildPrograms } from '../../scripts/build.mjs';
import { printLine } from '../support/print-line.ts';

const DEFAULT_POSTGRES = 'postgres://postgres@127.0.0.1:5432/postgres';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string' },
    database: { type: 'string', default: 'embedded' },
    instances: { type: 'string', default: '1' },
  },
});
const minutes = number('minutes', values.minutes, { min: 0.1, max: 600 });
const instances = number('instances', values.instances, { min: 1, max: 3 });
const seed = number('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)), {
  min: 0,
  max: 2 ** 31,
});
const { database } = values;
if (database !== 'embedded' && database !== 'postgres') misused('--database: expected embedded or postgres');
if (database === 'embedded' && instances > 1)
  misused('--instances: the embedded database is for one process; add --database postgres');

if (database === 'postgres') process.env['TEST_DATABASE_URL'] ??= DEFAULT_POSTGRES;
else delete process.env['TEST_DATABASE_URL'];
await buildPrograms(['main']);
// Only now: which database the tests are about is read when this is loaded.
const { soak } = await import('./soak.ts');
printLine(
  `seed ${seed}: ${minutes} minutes on ${database} with ${instances} of ${values.instances} instances`,
);
const isGood = await soak({ seed, minutes, instances, printLine });
printLine(
  `seed ${seed}${isGood ? '' : `: again with npm run soak -- --seed ${seed} --minutes ${minutes} --database ${database} --instances ${instances}`}`,
);
process.exit(isGood ? 0 : 1);

function number(name: string, text: string, { min, max }: { min: number; max: number }): number {
  const value = Number(text);
  if (text !== '' && value >= min && value <= max) return value;
  return misused(`--${name}: expected a number from ${min} to ${max}, got ${text}`);
}

function misused(text: string): never {
  process.stderr.write(`${text}\n`);
  process.exit(64);
}
