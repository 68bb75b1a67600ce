import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';

const RUN = fileURLToPath(new URL('../../scripts/run.mjs', import.meta.url));

export type DemoRun = {
  /** The working folder it was started in. */
  readonly cwd: string;
  /** Where it puts what is temporary. */
  readonly temp: string;
  readonly process: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  /** Resolves when the text was printed; rejects when the demo ended without it. */
  readonly printed: (text: string) => Promise<void>;
  readonly ended: Promise<{ readonly status: number | null }>;
  readonly remove: () => Promise<void>;
};

/** Starts the demo as `npm run demo` does, in a new folder, with nothing of the surrounding environment but `extra`. */
export async function runDemo({
  extra = {},
  options = [],
  prepare,
}: {
  readonly extra?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  readonly prepare?: (cwd: string) => Promise<void>;
} = {}): Promise<DemoRun> {
  const folder = await mkdtemp(join(tmpdir(), 'demo-test-'));
  const [cwd, temp] = [join(folder, 'cwd'), join(folder, 'temp')];
  await Promise.all([mkdir(cwd), mkdir(temp)]);
  await prepare?.(cwd);
  const child = spawn(process.execPath, [RUN, 'demo', ...options], {
    cwd,
    env: { PATH: process.env['PATH'], TMPDIR: temp, TEMP: temp, TMP: temp, ...extra },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  const watchers = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const look of watchers) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
  const ended = new Promise<{ status: number | null }>((resolve) => {
    child.once('close', (status) => resolve({ status }));
  });
  const printed = (text: string) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (out.includes(text)) resolve();
      };
      watchers.add(look);
      look();
      void ended.then(() =>
        reject(new Error(`The demo never printed ${JSON.stringify(text)}:\n${out}${err}`)),
      );
    });
  const remove = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  return { cwd, temp, process: child, out: () => out, err: () => err, printed, ended, remove };
}
