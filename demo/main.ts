import { createWait, Stopped, type StopReason } from './stoppable.ts';
import { Disposer } from '../src/async/disposer.ts';
import { Output } from './output.ts';
import { OUTPUT_FOLDER } from './images.ts';
import { ServerLog } from './server-log.ts';
import { readTerminal } from './terminal.ts';
import { printNextSteps, printResult, printStay, runDemo } from './run-demo.ts';

/** Of the whole command. It takes half a minute on an idle machine, and several times as long on a busy one. */
const DEADLINE_SECONDS = 300;
/** Disposal takes less than a second, or as long as a database start in progress. */
const ENDING_MS = 10_000;

/** From sysexits.h. */
const EX_USAGE = 64;

const EXIT_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

const stays = staysOrExit(process.argv.slice(2));
const stopper = new AbortController();
const stop = (reason: StopReason) => {
  stopper.abort(reason);
};

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // The second signal ends at once.
    if (stopper.signal.aborted) process.exit(EXIT_STATUS[name]);
    stop({ kind: 'signal', name });
  });
}
process.on('uncaughtException', (error) => stop({ kind: 'fault', error }));
// The reader of a pipe may close it, as head does.
process.stdout.on('error', () => stop({ kind: 'output-closed' }));
const deadline = setTimeout(
  () => stop({ kind: 'deadline', seconds: DEADLINE_SECONDS }),
  DEADLINE_SECONDS * 1000 - performance.now(),
);

const output = new Output(readTerminal(process.stdout, process.env), (text) => {
  process.stdout.write(text);
});
const disposer = new Disposer();
const serverLog = new ServerLog();

void perform().then((status) => (process.exitCode = status));

async function perform(): Promise<number> {
  const wait = createWait(stopper.signal);
  try {
    const services = await runDemo({ output, disposer, wait, log: (line) => serverLog.add(line) });
    clearTimeout(deadline);
    const seconds = (performance.now() / 1000).toFixed(1);
    if (stays) {
      printResult(output, seconds);
      await wait('the sample photos', printStay(output, services));
      await stopped(stopper.signal);
    }
    await disposeAll(1);
    if (!stays) printResult(output, seconds);
  } catch (error) {
    clearTimeout(deadline);
    output.live.keep();
    const status = await printFailure(error);
    await disposeAll(status);
    return status;
  }
  if (!stays) printNextSteps(output);
  return 0;
}

/** Resolves at Ctrl-C. Rejects when anything else stops the demo. */
async function stopped(signal: AbortSignal): Promise<void> {
  await createWait(signal)('Ctrl-C', new Promise<never>(() => undefined)).catch((error: unknown) => {
    if (!(error instanceof Stopped) || error.reason.kind !== 'signal') throw error;
  });
  process.stdout.write('\n  Stopped. Cleaning up …\n');
}

function staysOrExit(options: readonly string[]): boolean {
  if (options.every((option) => option === '--stay')) return options.length > 0;
  process.stderr.write('usage: npm run demo [-- --stay]\n');
  process.exit(EX_USAGE);
}

/** @param status the exit status if disposal hangs */
async function disposeAll(status: number): Promise<void> {
  const timer = setTimeout(() => {
    process.stderr.write('  Disposal timed out.\n');
    process.exit(status);
  }, ENDING_MS);
  await disposer.dispose().finally(() => clearTimeout(timer));
}

/** @returns the exit status */
async function printFailure(error: unknown): Promise<number> {
  const reason = error instanceof Stopped ? error.reason : null;
  if (reason?.kind === 'signal') {
    process.stderr.write('\n  Stopped. Cleaning up …\n');
    return EXIT_STATUS[reason.name];
  }
  if (reason?.kind === 'output-closed') return 1;
  process.stderr.write(`\n  ✗ ${failureText(error)}\n`);
  const file = await serverLog.save(OUTPUT_FOLDER);
  if (file !== null) process.stderr.write(`    The server's log: ${file}\n`);
  return 1;
}

function failureText(error: unknown): string {
  if (!(error instanceof Stopped)) return error instanceof Error ? error.message : String(error);
  const { reason, waitingFor } = error;
  if (reason.kind === 'deadline') {
    return `The demo timed out after ${reason.seconds} s while waiting for ${waitingFor}.`;
  }
  return reason.kind === 'fault' ? failureText(reason.error) : error.message;
}
