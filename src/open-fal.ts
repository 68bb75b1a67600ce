import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Config, FalConfig } from './config/config.ts';
import type { Simulator } from '@likeness/fal-simulator';

/** fal, or the simulator in its place. */
export async function openFal({
  fal: real,
  dataDir,
  isProduction,
}: Config): Promise<{ fal: FalConfig; simulator: Simulator | null }> {
  if (real !== null) return { fal: real, simulator: null };
  // Loaded on use: a server with FAL_KEY runs no code of the simulator.
  const { startSimulator } = await import('@likeness/fal-simulator');
  // Other processes of this machine can reach the simulator, so its key is random.
  const key = randomBytes(32).toString('base64url');
  const simulator = await startSimulator({
    dir: join(dataDir, 'fal-simulator'),
    apiKeys: [key],
    // The scenario of one owner would affect the submits of all.
    controls: !isProduction,
  });
  const { queueUrl, restUrl, jwksUrl } = simulator;
  return { fal: { key, queueUrl, restUrl, jwksUrl }, simulator };
}
