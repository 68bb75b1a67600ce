import { ensureGenerated } from '../../scripts/generate.mjs';
import { ensureEmbeddedTemplate, removeEmbeddedLeftovers } from './embedded-template.ts';
import { removeKeptEngines } from './engine-pool.ts';
import { adminUrl } from './template.ts';

/** Before any test: the generated client, and the template every test database is copied from. */
export default async function setup(): Promise<() => Promise<void>> {
  await ensureGenerated();
  await removeEmbeddedLeftovers();
  if (adminUrl === undefined) {
    await ensureEmbeddedTemplate();
    return () => removeKeptEngines(process.pid);
  }
  // Only now: this imports the generated client.
  const { ensurePostgresTemplate, removePostgresLeftovers } = await import('./postgres-template.ts');
  await removePostgresLeftovers(adminUrl);
  await ensurePostgresTemplate(adminUrl);
  return () => Promise.resolve();
}
