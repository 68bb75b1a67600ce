import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { ApiClient } from './api-client.ts';
import { freePort } from './free-port.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** More than the server gives itself after SIGTERM. */
const TERMINATION_MS = 30_000;

type LogLine = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>;
type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };
export type Env = Readonly<Record<string, string | undefined>>;

type StartOptions = {
  /** On top of the server's own environment. */
  readonly env?: Env;
  /** Modules loaded before the server, to break something in it. */
  readonly preload?: readonly string[];
  /** A copy of dist/ to run, without the rest of the repository. */
  readonly shipped?: string;
  /** Its exit is no failure: the preloaded module causes it. */
  readonly mayExit?: boolean;
};

type Running = { readonly child: ChildProcess; readonly exited: Promise<Exit> };

/**
 * The built server as an operator runs it, at one address through all of its processes. A process gets nothing of this
 * process's environment but what it needs to run.
 */
export class Server extends ApiClient {
  readonly port: number;
  /** The parsed log of the latest process. */
  log: LogLine[] = [];
  /** What the latest process wrote to standard error, and to standard output apart from its log. */
  printed = '';
  /** How long the last successful start took. */
  startMs = 0;
  /** Exits nobody asked for, and lines of level fatal. */
  readonly failures: string[] = [];
  /** How often each line of level error was logged. */
  readonly errors = new Map<string, number>();
  readonly #env: Env;
  readonly #listeners = new Set<() => void>();
  #running: Running | null = null;
  #isExitExpected = false;

  constructor(port: number, env: Env) {
    super(`http://127.0.0.1:${port}`);
    this.port = port;
    this.#env = env;
  }

  get pid(): number {
    return this.#latest.child.pid ?? NaN;
  }

  get isRunning(): boolean {
    return this.#running !== null && isAlive(this.#running.child);
  }

  /** The exit of the latest process. */
  get exited(): Promise<Exit> {
    return this.#latest.exited;
  }

  get #latest(): Running {
    if (this.#running === null) throw new Error(`${this.url} was never started`);
    return this.#running;
  }

  /** Starts a process, ready or not. */
  launch({ env, preload = [], shipped, mayExit = false }: StartOptions = {}): void {
    if (this.isRunning) throw new Error(`${this.url} is running`);
    const { PATH, HOME, TMPDIR } = process.env;
    const imports = preload.flatMap((module) => ['--import', module]);
    // With source maps a server starts without its cache.
    const program = shipped === undefined ? ['--enable-source-maps', MAIN] : [join(shipped, 'main.js')];
    const child = spawn(process.execPath, [...imports, ...program], {
      cwd: shipped === undefined ? undefined : tmpdir(),
      env: { PATH, HOME, TMPDIR, LOG_LEVEL: 'debug', ...this.#env, ...env, PORT: String(this.port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid === undefined) throw new Error(`${MAIN} cannot be started`);
    const log: LogLine[] = [];
    [this.log, this.printed, this.#isExitExpected] = [log, '', mayExit];
    let unfinished = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${unfinished}${text}`.split('\n');
      unfinished = lines.pop() ?? '';
      for (const line of lines) {
        if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine);
        else this.printed += `${line}\n`;
      }
      for (const look of this.#listeners) look();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
    const exited = once(child, 'close').then((event) => {
      const [code, signal] = event as [Exit['code'], Exit['signal']];
      this.#report(log, { code, signal });
      return { code, signal };
    });
    this.#running = { child, exited };
  }

  /**
   * Starts a process and resolves when it is ready.
   *
   * @throws when it exits before that
   */
  async start(options?: StartOptions): Promise<void> {
    const began = performance.now();
    this.launch(options);
    await this.ready();
    this.startMs = performance.now() - began;
  }

  async ready(): Promise<void> {
    await this.logged(({ msg }) => msg === 'ready', 'being ready');
  }

  /** Whatever exit it leads to is the test's to judge. */
  signal(signal: NodeJS.Signals): void {
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.#isExitExpected = true;
    this.#latest.child.kill(signal);
  }

  /** Kills the process as a crash would, and resolves when it is gone. Safe to call again. */
  async kill(): Promise<void> {
    if (this.#running === null) return;
    this.#isExitExpected = true;
    const { child, exited } = this.#running;
    if (isAlive(child)) child.kill('SIGKILL');
    await exited;
  }

  /** Stops the process with SIGTERM. Safe to call again. */
  async terminate(): Promise<Exit> {
    const { child, exited } = this.#latest;
    this.#isExitExpected = true;
    if (isAlive(child)) child.kill('SIGTERM');
    const late = setTimeout(() => void child.kill('SIGKILL'), TERMINATION_MS);
    const exit = await exited;
    clearTimeout(late);
    // Before it is ready it has no handler for SIGTERM yet, and ends as any process does.
    const wasReady = this.log.some(({ msg }) => msg === 'ready');
    if (wasReady && exit.code !== 0)
      this.failures.push(`${this.url} exited after SIGTERM with ${shown(exit)}`);
    return exit;
  }

  /** The first log line that matches, as soon as it is there. Rejects when the process exits without it. */
  logged(matches: (line: LogLine) => boolean, what: string): Promise<LogLine> {
    const { log } = this;
    const { exited } = this.#latest;
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = log.find(matches);
        if (line === undefined) return;
        this.#listeners.delete(look);
        resolve(line);
      };
      this.#listeners.add(look);
      look();
      void exited.then((exit) => {
        this.#listeners.delete(look);
        const last = log.slice(-5).map((line) => JSON.stringify(line));
        const output = `${last.join('\n')}\n${this.printed}`;
        reject(new Error(`The server exited (${shown(exit)}) before ${what}:\n${output}`));
      });
    });
  }

  /** How many lines of the latest process have this message and these fields. */
  countLogged(message: string, fields: Readonly<Record<string, unknown>> = {}): number {
    return this.log.filter(
      (line) => line.msg === message && Object.entries(fields).every(([name, value]) => line[name] === value),
    ).length;
  }

  /** Throws when a process exited by itself, logged a fatal line or printed a warning or a stack trace. */
  async close(): Promise<void> {
    await this.disconnect();
    await this.kill();
    const failures = [...this.failures];
    if (/warning|unhandled|^\s+at /im.test(this.printed)) failures.push(this.printed);
    if (failures.length > 0) throw new Error(failures.join('\n'));
  }

  #report(log: readonly LogLine[], exit: Exit): void {
    for (const { level, msg } of log) {
      if (level === 'error') this.errors.set(msg, (this.errors.get(msg) ?? 0) + 1);
      if (level === 'fatal') this.failures.push(`${this.url} logged: ${msg}`);
    }
    if (this.#isExitExpected) return;
    const last = log.at(-1)?.msg ?? '';
    this.failures.push(`${this.url} exited by itself (${shown(exit)}): ${last}\n${this.printed}`);
  }
}

function shown({ code, signal }: Exit): string {
  return String(code ?? signal);
}

/**
 * Starts a server on a free port and resolves when it is ready.
 *
 * @throws when it exits before that
 */
export async function startServer(env: Env, options?: StartOptions): Promise<Server> {
  const server = new Server(await freePort(), env);
  await server.start(options);
  return server;
}

/** Starts a server on a free port without waiting, for a start that has to fail or is interrupted. */
export async function launchServer(env: Env, options?: StartOptions): Promise<Server> {
  const server = new Server(await freePort(), env);
  server.launch(options);
  return server;
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}
