import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** Whether a Redis can be started here. */
export const hasRedisServer = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis of this test's own, which keeps nothing; ends with the test. */
export async function startRedis(port: number, args: readonly string[] = []): Promise<OwnRedis> {
  const redis = await runRedis(port, args);
  onTestFinished(redis.stop);
  return redis;
}

export type OwnRedis = {
  readonly url: string;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Kills it, and resolves when it is gone. Safe to call again. */
  readonly stop: () => Promise<void>;
};

/** The same for whoever ends it; resolves when it takes connections. */
export async function runRedis(port: number, args: readonly string[] = []): Promise<OwnRedis> {
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', [...own, '--dir', tmpdir(), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes('Ready to accept connections')) break;
  }
  // What it prints from now on must not fill the pipe.
  child.stdout.resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    signal: (signal) => void child.kill(signal),
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
