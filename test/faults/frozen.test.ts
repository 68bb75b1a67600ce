import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startChild } from '../support/child-process.ts';
import { copyEmbeddedTemplate } from '../support/embedded-template.ts';
import { eventually } from '../support/eventually.ts';

test('an embedded database that does not return from a statement ends its process with a log line; many short ones do not', async () => {
  const folder = await copyEmbeddedTemplate();
  const child = startChild(fileURLToPath(new URL('frozen.ts', import.meta.url)), [folder]);
  expect(await child.line()).toBe('alive');
  const line = await child.line();
  expect(JSON.parse(line ?? '{}')).toMatchObject({
    level: 'fatal',
    msg: 'embedded database frozen: no statement returned for 1000 ms; killing this process',
  });
  expect(await child.line()).toBeUndefined();
  expect(await eventually('its end', () => child.process.signalCode)).toBe('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});
