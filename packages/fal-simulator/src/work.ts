import type { FileStore } from './file-store.ts';
import type { Finetunes } from './finetunes.ts';
import type { Timing } from './options.ts';
import type { Outcome } from './run.ts';
import type { Semaphore } from './semaphore.ts';

/** A run with valid input. */
export type Work = {
  kind: 'work';
  /** Log lines before the progress bar. */
  intro: string[];
  total: number;
  durationMs: number;
  finish: () => Promise<Outcome>;
};
export type Prepared = Work | { kind: 'refused'; outcome: Outcome };

/** Dependencies of a run. */
export type RunDeps = {
  files: FileStore;
  finetunes: Finetunes;
  base: () => string;
  timing: () => Timing;
  now: () => number;
  random: () => number;
  jpegQuality: number;
  ultraLongSide: number;
  blockSide: number;
  maxFileBytes: number;
  opensLoopback: boolean;
  signal: AbortSignal;
  /** Limits concurrent work on images and archives, which need much memory. */
  limited: Semaphore;
};
