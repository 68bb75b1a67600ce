import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

/** The bytes that a page loads for an entry of the package, with its dependencies, minified and compressed. */
async function bytesOf(entry: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${entry}.ts`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    external: ['react'],
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

test('the client has less than 15 KB, its hooks less than 2 KB', async () => {
  expect(await bytesOf('client')).toBeLessThan(15_000);
  expect(await bytesOf('react')).toBeLessThan(2000);
});
