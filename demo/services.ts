import { createApp } from '../src/app.ts';
import { createLog } from '../src/log/create-log.ts';
import { Disposer } from '../src/async/disposer.ts';
import { freePort } from './free-port.ts';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { readConfig } from '../src/config/config.ts';
import { rmSync } from 'node:fs';
import { startSimulator, type Simulator } from '@likeness/fal-simulator';
import { tmpdir } from 'node:os';

export type Services = {
  /** The server's origin. */
  readonly url: string;
  readonly graphqlUrl: string;
  readonly simulator: Simulator;
  close(): Promise<void>;
};

/** Milliseconds. */
const TIMING = { queueMs: 1200, trainMs: 5200, generateMs: 900, progressSteps: 36 };
const RECONCILE_INTERVAL_MS = 150;

/** Starts the simulator and the server on free ports, with all data in a temporary folder. */
export async function startServices(log: (line: string) => void): Promise<Services> {
  const disposer = new Disposer();
  try {
    const folder = await temporaryFolder(disposer);
    const simulator = await startSimulator({ timing: TIMING });
    disposer.add(() => simulator.close());

    // The user's environment is ignored: its FAL_KEY, DATABASE_URL and REDIS_URL must not be used. The server is configured
    // as in production: a key, fal's URLs and a public URL.
    const port = await freePort();
    const config = readConfig({
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      DATA_DIR: join(folder, 'data'),
      FAL_KEY: 'demo-key-of-the-simulator',
      FAL_QUEUE_URL: simulator.queueUrl,
      FAL_REST_URL: simulator.restUrl,
      RECONCILE_INTERVAL_MS: String(RECONCILE_INTERVAL_MS),
    });
    const app = await createApp(config, createLog('info', [], { write: log }));
    disposer.add(() => app.close());
    return { url: app.url, graphqlUrl: app.graphqlUrl, simulator, close: () => disposer.dispose() };
  } catch (error) {
    await disposer.dispose();
    throw error;
  }
}

export async function temporaryFolder(disposer: Disposer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-demo-'));
  // Also after process.exit().
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  disposer.add(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    process.off('exit', remove);
  });
  return folder;
}
