// Writes schema.graphql and generates the typed documents (see codegen.ts). With --check it changes nothing and fails when
// the committed schema.graphql differs.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = dirname(createRequire(import.meta.url).resolve('@graphql-codegen/cli/package.json'));
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', join(cli, 'cjs/bin.js'), '--config', 'codegen.ts', ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
);
process.exit(status ?? 1);
