import { execFile } from 'node:child_process';
import { expect, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readFile } from 'node:fs/promises';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const cellsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

test('the comparison with a naive server prints what README.md says', async () => {
  const { PATH, HOME } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, ['scripts/run.mjs', 'compare'], {
    cwd: ROOT,
    env: { PATH, HOME },
  });
  const [head = [], , ...rows] = cellsOf(stdout);
  expect(rows.length).toBeGreaterThan(10);
  const readme = cellsOf(await readFile(`${ROOT}README.md`, 'utf8'));
  for (const row of [head, ...rows]) expect(readme).toContainEqual(row);
  const naive = await readFile(`${ROOT}demo/compare/naive-server.ts`, 'utf8');
  expect(head[2]).toBe(`A server of ${naive.trimEnd().split('\n').length} lines`);
});
