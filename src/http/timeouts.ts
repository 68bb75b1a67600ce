import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../values/units.ts';

/** Timeouts for slow, silent and vanished peers, in milliseconds. */
export type Timeouts = {
  /** Interval of WebSocket pings, and timeout for the pong. */
  readonly pingMs: number;
  /** Closes a WebSocket without operations. */
  readonly idleMs: number;
  /** Ends a connection whose peer does not read. */
  readonly stallMs: number;
  /**
   * Maximum age of an event stream; its client reconnects. A stream has no pings, so nothing else detects a client that
   * vanished behind a buffering proxy.
   */
  readonly streamMs: number;
};

export const TIMEOUTS: Timeouts = {
  pingMs: 12 * SECOND_MS,
  idleMs: 10 * MINUTE_MS,
  stallMs: 30 * SECOND_MS,
  streamMs: HOUR_MS,
};
