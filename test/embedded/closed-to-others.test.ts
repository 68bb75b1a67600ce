import { chmod, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEmbedded } from '../../src/embedded/database.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { silent } from '../support/template.ts';

test.skipIf(process.platform === 'win32')('opening a database closes it to other users', async () => {
  const dataDir = await copyEmbeddedTemplate();
  const folder = join(dataDir, 'postgres');
  await chmod(folder, 0o777);
  const { close } = await openEmbedded(dataDir, silent);
  expect(((await stat(folder)).mode & 0o777).toString(8)).toBe('700');
  await close();
  await rm(dataDir, { recursive: true });
});
