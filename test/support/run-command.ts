import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buildPrograms } from '../../scripts/build.mjs';

const ROOT = new URL('../../', import.meta.url);

type Command = 'backup' | 'restore' | 'move-to-postgres' | 'operator';

/** What a command printed on both streams, and on stdout alone. */
type Ended = { readonly code: number | null; readonly said: string; readonly result: string };

export async function buildCommands(): Promise<void> {
  await buildPrograms(['backup', 'restore', 'move-to-postgres', 'operator']);
}

/**
 * Runs a built command with nothing of this process's settings.
 *
 * @param preload a module that is loaded before it, to break something in it
 */
export function runCommand(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  preload?: string,
): Promise<Ended> {
  const imports = preload === undefined ? [] : ['--import', preload];
  const program = fileURLToPath(new URL(`dist/${command}.js`, ROOT));
  return run(process.execPath, [...imports, program, ...args], env);
}

/** As it is typed: it is built first. */
export function npmRun(
  command: Command,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  const npmEnv = { npm_config_update_notifier: 'false', ...env };
  return run('npm', ['run', '--silent', command, '--', ...args], npmEnv);
}

async function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
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
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said, result };
}
