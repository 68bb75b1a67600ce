import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { freePort } from '../support/free-port.ts';

/** Whether a Redis can be started here. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis of our own, which keeps nothing and is always at the same address. */
export class OwnRedis {
  readonly #port: number;
  #process: ChildProcess | null = null;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(): Promise<OwnRedis> {
    const redis = new OwnRedis(await freePort());
    await redis.#start();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  async restart(downMs: number): Promise<void> {
    await this.stop();
    await pause(downMs);
    await this.#start();
  }

  async stop(): Promise<void> {
    if (this.#process === null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
    this.#process = null;
  }

  /** Resolves when it takes connections. */
  async #start(): Promise<void> {
    const port = String(this.#port);
    const nothingKept = ['--save', '', '--appendonly', 'no', '--dir', tmpdir()];
    const child = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', ...nothingKept], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('Ready to accept connections')) break;
    }
    // What it prints from now on must not fill the pipe.
    child.stdout.resume();
  }
}
