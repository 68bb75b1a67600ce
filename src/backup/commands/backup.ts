import { backup } from './back-up.ts';
import { exitStatusOf, readPlace, print } from './command.ts';

const gone = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => gone.abort(new Error(`ended by ${signal}; there is no backup`)));
}

process.exit(
  await exitStatusOf(async () => {
    const { file, tables } = await backup(process.argv.slice(2), readPlace(process.env), gone.signal);
    const rows = tables.reduce((sum, table) => sum + table.rows, 0);
    print(`${file}: ${rows} rows of ${tables.length} tables, written and read again`);
  }),
);
