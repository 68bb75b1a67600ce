import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The client's source: its package is built only to be published. */
const client = (file) => fileURLToPath(new URL(`../client/src/${file}.ts`, import.meta.url));

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/studio/',
  // The server sends one policy for all pages: nothing inline, no polyfills that add scripts.
  build: {
    outDir: fileURLToPath(new URL('../../dist/studio', import.meta.url)),
    emptyOutDir: true,
    assetsDir: '.',
    assetsInlineLimit: 0,
    modulePreload: false,
    target: 'es2022',
    license: { fileName: 'licenses.txt' },
    chunkSizeWarningLimit: 400,
  },
  resolve: {
    alias: [
      { find: /^@likeness\/client$/, replacement: client('client') },
      { find: /^@likeness\/client\/react$/, replacement: client('react') },
    ],
  },
  server: {
    proxy: {
      '^/(?:graphql|photos|files)': { target: process.env.LIKENESS_URL ?? 'http://127.0.0.1:4000', ws: true },
    },
  },
  logLevel: 'warn',
});
