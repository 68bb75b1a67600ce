import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createApp } from '../src/app.ts';
import { FAL_KEY } from './support/fal-key.ts';
import { memoryLog } from './support/memory-log.ts';
import { readConfig } from '../src/config/config.ts';
import { workerPlace } from './support/database.ts';
import type { DatabaseOptions } from '../src/open-database.ts';

test('a start that fails throws its own error, also when the cleanup fails', async () => {
  const place = await workerPlace();
  onTestFinished(() => place.drop());
  const holder = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const config = readConfig({ ...place.env, PORT: String(port), FAL_KEY });
  const log = memoryLog();
  const failure = new Error('The database cannot be closed');
  const open = async (options: DatabaseOptions) => ({
    ...(await place.open(options)),
    close: () => Promise.reject(failure),
  });

  await expect(createApp(config, log, open)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  expect(log.lines).toContainEqual({
    level: 'error',
    message: 'cleanup after the failed start failed',
    fields: { err: failure },
  });
});
