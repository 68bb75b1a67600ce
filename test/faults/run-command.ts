import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buildPrograms } from '../../scripts/build.mjs';

const ROOT = new URL('../../', import.meta.url);

type Command = 'backup' | 'restore' | 'move-to-postgres' | 'operator';

export type CommandRun = {
  readonly kill: (signal: NodeJS.Signals) => void;
  /** What it printed on both streams, and on stdout alone. */
  readonly ended: Promise<{ readonly code: number | null; readonly said: string; readonly result: string }>;
};

export async function buildCommands(): Promise<void> {
  await buildPrograms(['backup', 'restore', 'move-to-postgres', 'operator']);
}

/**
 * Starts a built command with nothing of this process's settings.
 *
 * @param preload a module that is loaded before it, to break something in it
 */
export function startCommand(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  preload?: string,
): CommandRun {
  const imports = preload === undefined ? [] : ['--import', preload];
  return started(process.execPath, [...imports, programOf(command), ...args], env);
}

function programOf(command: Command): string {
  return fileURLToPath(new URL(`dist/${command}.js`, ROOT));
}

export function runCommand(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): CommandRun['ended'] {
  return startCommand(command, args, env).ended;
}

/** As it is typed: it is built first. */
export function npmRun(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): CommandRun['ended'] {
  return started('npm', ['run', '--silent', command, '--', ...args], {
    npm_config_update_notifier: 'false',
    ...env,
  }).ended;
}

function started(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): CommandRun {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  let result = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  child.stdout.on('data', (text: string) => (result += text));
  return {
    kill: (signal) => void child.kill(signal),
    ended: once(child, 'close').then(([code]) => ({ code: code as number | null, said, result })),
  };
}
