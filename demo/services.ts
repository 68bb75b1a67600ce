import { createApp } from '../src/app.ts';
import { createLog } from '../src/log/create-log.ts';
import { createServer, type AddressInfo } from 'node:net';
import { Disposer } from '../src/async/disposer.ts';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { readConfig } from '../src/config/config.ts';
import { rmSync } from 'node:fs';
import { startSimulator, type Simulator } from '@likeness/fal-simulator';
import { tmpdir } from 'node:os';

export type Services = {
  /** Of the server, without a path. */
  readonly url: string;
  readonly graphqlUrl: string;
  readonly simulator: Simulator;
  close(): Promise<void>;
};

/** In milliseconds: long enough to be watched, short enough to be waited for. */
const TIMING = { queueMs: 1200, trainMs: 5200, generateMs: 900, progressSteps: 36 };
/** How often the server looks at fal. Real trainings take minutes, so its own default is slower. */
const RECONCILE_INTERVAL_MS = 150;

/**
 * The simulator of fal and the server, on free ports, with all data in a new temporary folder.
 *
 * @param log gets the server's log, line by line
 */
export async function startServices(log: (line: string) => void): Promise<Services> {
  const ends = new Disposer();
  try {
    const folder = await temporaryFolder(ends);
    const simulator = await startSimulator({ timing: TIMING });
    ends.add(() => simulator.close());

    // Nothing is taken from the user's own environment: a FAL_KEY there must not be spent, nor a DATABASE_URL or
    // REDIS_URL written to. The server cannot tell the simulator from fal: it has a key, fal's two addresses and a
    // public URL, as it would have in production.
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
    ends.add(() => app.close());
    return { url: app.url, graphqlUrl: app.graphqlUrl, simulator, close: () => ends.dispose() };
  } catch (error) {
    await ends.dispose();
    throw error;
  }
}

async function temporaryFolder(ends: Disposer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'likeness-demo-'));
  // Also when the process is ended the hard way.
  const remove = () => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  ends.add(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    process.off('exit', remove);
  });
  return folder;
}

/**
 * A port nobody uses now. It has to be known before the server listens, because the server's public URL contains it;
 * should another program take it in between, the server says so and the demo fails.
 */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
