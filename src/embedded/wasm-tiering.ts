import { setFlagsFromString } from 'node:v8';

/** 555 times V8's own. For a command line. */
export const LATE_TIERING = '--wasm-tiering-budget=1000000000';

/**
 * Lets V8 optimize a WebAssembly function much later than by default. PGlite's and Prisma's functions are as fast without:
 * 15,000 statements took 6.3 s of CPU instead of 7.0 s. Optimizing took half a second of CPU at every start, and 50 to 90
 * MB that are never given back. Holds for modules that are compiled after the call.
 */
export function optimizeWasmLate(): void {
  setFlagsFromString(LATE_TIERING);
}
