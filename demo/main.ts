import { createPatience, Stopped, type StopReason } from './patience.ts';
import { Disposer } from '../src/async/disposer.ts';
import { Narrator } from './narrator.ts';
import { OUTPUT_FOLDER } from './pictures.ts';
import { ServerLog } from './server-log.ts';
import { readTerminal } from './terminal.ts';
import { tellHowToGoOn, tellStory } from './story.ts';

/** Of the whole command, from its start. */
const DEADLINE_SECONDS = 55;
/** In milliseconds. Ending takes below a second, or as long as the start of the database when that is under way. */
const ENDING_MS = 10_000;

const EXIT_STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

const stopper = new AbortController();
const stop = (reason: StopReason) => {
  stopper.abort(reason);
};

for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // Asked twice: at once.
    if (stopper.signal.aborted) process.exit(EXIT_STATUS[name]);
    stop({ kind: 'signal', name });
  });
}
process.on('uncaughtException', (error) => stop({ kind: 'fault', error }));
// The reader of a pipe may leave, as head does.
process.stdout.on('error', () => stop({ kind: 'output-closed' }));
const deadline = setTimeout(
  () => stop({ kind: 'deadline', seconds: DEADLINE_SECONDS }),
  DEADLINE_SECONDS * 1000 - performance.now(),
);

const narrator = new Narrator(readTerminal(process.stdout, process.env), (text) => {
  process.stdout.write(text);
});
const ends = new Disposer();
const serverLog = new ServerLog();

process.exitCode = await perform();

async function perform(): Promise<number> {
  const wait = createPatience(stopper.signal);
  try {
    await tellStory({ narrator, ends, wait, log: (line) => serverLog.add(line) });
    clearTimeout(deadline);
    await endEverything(1);
  } catch (error) {
    clearTimeout(deadline);
    narrator.live.keep();
    const status = await tellFailure(error);
    await endEverything(status);
    return status;
  }
  tellHowToGoOn(narrator, (performance.now() / 1000).toFixed(1));
  return 0;
}

/** @param status the exit status should that hang */
async function endEverything(status: number): Promise<void> {
  const impatience = setTimeout(() => {
    process.stderr.write('  Ending took too long; leaving.\n');
    process.exit(status);
  }, ENDING_MS);
  await ends.dispose().finally(() => clearTimeout(impatience));
}

/** @returns the exit status */
async function tellFailure(error: unknown): Promise<number> {
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
    return `The demo was to take at most ${reason.seconds} s, and was still waiting for ${waitingFor}.`;
  }
  return reason.kind === 'fault' ? failureText(reason.error) : error.message;
}
