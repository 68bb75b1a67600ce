import { createRequire } from 'node:module';
import { vi } from 'vitest';

/**
 * The test runner resolves `graphql` to its ES module for files it compiles itself, while Node gives the CommonJS one
 * to every package that imports it, and a schema of one is none for the other. In the server as it runs there is only
 * Node's, so that is what the server's own files get here as well.
 *
 * To be imported before anything that imports `graphql`.
 */
vi.mock('graphql', () => createRequire(import.meta.url)('graphql') as object);
