import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** /proc counts CPU time in these. */
const TICKS_PER_SECOND = 100;

type Environment = Readonly<Record<string, string>>;

/** A server in a process of its own. */
export class ServerUnderTest {
  readonly name: string;
  readonly port: number;
  readonly #child: ChildProcess;

  constructor(name: string, port: number, child: ChildProcess) {
    this.name = name;
    this.port = port;
    this.#child = child;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** User and system time so far, in milliseconds; null where there is no /proc. */
  cpuMs(): number | null {
    const fields = this.#proc('stat')
      ?.replace(/^.*\) /s, '')
      .split(' ');
    const ticks = fields === undefined ? NaN : Number(fields[11]) + Number(fields[12]);
    return Number.isNaN(ticks) ? null : (ticks * 1000) / TICKS_PER_SECOND;
  }

  /** Resident memory in megabytes; null where there is no /proc. */
  rssMb(): number | null {
    const kb = /^VmRSS:\s+(\d+) kB$/m.exec(this.#proc('status') ?? '')?.[1];
    return kb === undefined ? null : Number(kb) / 1024;
  }

  /** @param signal SIGTERM lets a server end in order */
  async stop(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  #proc(file: string): string | null {
    try {
      return readFileSync(`/proc/${this.#child.pid}/${file}`, 'utf8');
    } catch {
      return null;
    }
  }
}

/** Starts `contenders/<name>.mjs`, which prints its port. */
export async function startContender(name: string, env: Environment): Promise<ServerUnderTest> {
  const script = fileURLToPath(new URL(`contenders/${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [script], {
    env: { ...base(), NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  child.stdout.resume();
  return new ServerUnderTest(name, Number(/\d+/.exec(line.toString())?.[0]), child);
}

/** Starts the built server with the settings of production. Its log says when it is ready; the rest of it is dropped. */
export async function startLikeness(env: Environment, name = 'likeness'): Promise<ServerUnderTest> {
  // A folder belongs to one database.
  const dataDir = mkdtempSync(join(tmpdir(), 'likeness-bench-'));
  const child = spawn(process.execPath, [MAIN], {
    env: { ...base(), NODE_ENV: 'production', PORT: '0', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, url } = JSON.parse(line) as { readonly msg: string; readonly url?: string };
    if (msg !== 'ready' || url === undefined) continue;
    child.stdout.resume();
    return new ServerUnderTest(name, Number(new URL(url).port), child);
  }
  throw new Error(`${name} ended before it was ready`);
}

/** A load generator: an order in, a report out. */
export class LoadGenerator {
  readonly #child: ChildProcess;

  constructor(name: 'http' | 'subscribers') {
    this.#child = fork(fileURLToPath(new URL(`load/${name}.mjs`, import.meta.url)), { execArgv: [] });
  }

  async run<Report>(order: object): Promise<Report> {
    const finished = new AbortController();
    const { signal } = finished;
    const answered = once(this.#child, 'message', { signal });
    const ended = once(this.#child, 'exit', { signal }).then(() => {
      throw new Error('The load generator ended');
    });
    this.#child.send(order);
    try {
      const [report] = (await Promise.race([answered, ended])) as [Report];
      return report;
    } finally {
      finished.abort();
      await Promise.allSettled([answered, ended]);
    }
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

function base(): Environment {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME };
}
