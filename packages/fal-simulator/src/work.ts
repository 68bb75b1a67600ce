import type { FileStore } from './file-store.ts';
import type { Finetunes } from './finetunes.ts';
import type { Timing } from './options.ts';
import type { Outcome } from './run.ts';
import type { Semaphore } from './semaphore.ts';

/** A run whose input was found good. */
export type Work = {
  kind: 'work';
  /** Log lines before the progress bar. */
  intro: string[];
  /** What the progress bar counts to. */
  total: number;
  durationMs: number;
  finish: () => Promise<Outcome>;
};
export type Prepared = Work | { kind: 'refused'; outcome: Outcome };

/** What runs work with. */
export type RunDeps = {
  files: FileStore;
  finetunes: Finetunes;
  base: () => string;
  timing: () => Timing;
  now: () => number;
  random: () => number;
  jpegQuality: number;
  ultraLongSide: number;
  maxFileBytes: number;
  opensLoopback: boolean;
  signal: AbortSignal;
  /** For work that holds much memory, such as a picture or an archive. */
  limited: Semaphore;
};
