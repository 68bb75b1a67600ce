import { MINUTE_MS } from '../../values/units.ts';
import type { Socket } from 'node:net';

export type Pace = {
  /** The least on average since the start of a download. */
  readonly bytesPerSecond: number;
  readonly checkMs: number;
};

/** Far slower than any phone. A client that takes less keeps its place, and the file open, for nothing. */
export const LEAST_PACE: Pace = { bytesPerSecond: 1024, checkMs: MINUTE_MS };

/**
 * Ends the connection when its client takes too little. A response alone cannot be ended while it is in line behind
 * another. Returns the end of the watch.
 */
export function watchPace(socket: Socket, { bytesPerSecond, checkMs }: Pace): () => void {
  const began = performance.now();
  const before = socket.bytesWritten;
  const checks = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    if (socket.bytesWritten - before < seconds * bytesPerSecond) socket.destroy();
  }, checkMs);
  return () => clearInterval(checks);
}
