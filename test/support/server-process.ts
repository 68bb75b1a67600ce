import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type LogLine = { readonly level: string; readonly msg: string } & Readonly<Record<string, unknown>>;

export type Ending = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** The built server in a process of its own, as an operator runs it. */
export type ServerProcess = {
  readonly pid: number;
  readonly url: string;
  readonly graphqlUrl: string;
  /** Every line of its log so far. */
  readonly log: readonly LogLine[];
  /** What it printed on standard error, and on standard output beside its log. */
  readonly printed: () => string;
  /** The first line that fits, as soon as it is there. Rejects when the process ends without it. */
  readonly logged: (fits: (line: LogLine) => boolean, what: string) => Promise<LogLine>;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Kills it as a crash would, and resolves when it is gone. Safe to call again. */
  readonly kill: () => Promise<void>;
  readonly ended: Promise<Ending>;
};

/**
 * Starts the server, with nothing of this process's environment but what it needs to run. Resolves when it is ready;
 * with `waitFor: 'nothing'` at once, for starts that are to fail or to be killed.
 *
 * @param options.preload modules that are loaded before it, to break something in it
 * @throws when it ends before it is ready
 */
export async function startServer(
  env: Readonly<Record<string, string | undefined>>,
  options: { readonly preload?: readonly string[]; readonly waitFor?: 'ready' | 'nothing' } = {},
): Promise<ServerProcess> {
  const port = env['PORT'] ?? String(await freePort());
  const { PATH, HOME, TMPDIR } = process.env;
  const imports = (options.preload ?? []).flatMap((module) => ['--import', module]);
  const child = spawn(process.execPath, ['--enable-source-maps', ...imports, MAIN], {
    env: { PATH, HOME, TMPDIR, LOG_LEVEL: 'debug', ...env, PORT: port },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`${MAIN} cannot be started`);

  const log: LogLine[] = [];
  const listeners = new Set<() => void>();
  let [printed, unfinished] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${unfinished}${text}`.split('\n');
    unfinished = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine);
      else printed += `${line}\n`;
    }
    for (const look of listeners) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (printed += text));
  const ended = once(child, 'close').then(([code, signal]): Ending => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
  }));

  const server: ServerProcess = {
    pid: child.pid,
    url: `http://127.0.0.1:${port}`,
    graphqlUrl: `http://127.0.0.1:${port}/graphql`,
    log,
    printed: () => printed,
    logged: (fits, what) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = log.find(fits);
          if (line === undefined) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        look();
        void ended.then(({ code, signal }) => {
          const last = log.slice(-5).map((line) => JSON.stringify(line));
          reject(new Error(`It ended (${code ?? signal}) without ${what}:\n${last.join('\n')}\n${printed}`));
        });
      }),
    signal: (signal) => void child.kill(signal),
    async kill() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
    ended,
  };
  if (options.waitFor !== 'nothing') {
    await server.logged(({ msg }) => msg === 'ready', 'being ready');
  }
  return server;
}
