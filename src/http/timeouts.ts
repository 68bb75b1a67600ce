const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** How long the server bears with a peer that is slow, silent or gone. In milliseconds. */
export type Timeouts = {
  /** A WebSocket is pinged this often, and ended when the answer takes as long again. */
  readonly pingMs: number;
  /** A WebSocket without any operation is closed after this. */
  readonly idleMs: number;
  /** A connection is ended when its peer has taken nothing of what was sent to it for this long. */
  readonly stallMs: number;
  /**
   * An event stream is cut after this, and its reader comes again. Nothing answers over a stream, so a reader that
   * vanished behind a proxy which still takes everything is noticed by nothing else.
   */
  readonly streamMs: number;
};

export const TIMEOUTS: Timeouts = {
  pingMs: 12 * SECOND_MS,
  idleMs: 10 * MINUTE_MS,
  stallMs: 30 * SECOND_MS,
  streamMs: 60 * MINUTE_MS,
};
