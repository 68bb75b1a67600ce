import type { Operation } from './http.ts';

/** How a watch is connected. */
export type TransportName = 'websocket' | 'sse' | 'polling';

/** A subscription, and the query for the same object. Both have one field, which gives the row. */
export type Topic<Position> = {
  /** What was received already it does not give again. */
  readonly subscriptionAfter: (position: Position | null) => Operation;
  /** Null: there is no such query, so it cannot be polled. */
  readonly query: Operation | null;
};

export type Follower = {
  readonly subscription: Operation;
  readonly query: Operation | null;
  /** Called when the connection works, perhaps before anything is received. */
  readonly onOpen: () => void;
  readonly onRow: (row: unknown) => void;
  readonly signal: AbortSignal;
};

export type Transport = {
  readonly name: TransportName;
  /**
   * Resolves when the server completes the subscription, or when `signal` is aborted. Rejects with LikenessError: with
   * NETWORK_ERROR when the connection breaks or cannot be made.
   */
  follow(follower: Follower): Promise<void>;
};

/** The value of the only field. */
export function rowIn(data: unknown): unknown {
  return Object.values(data as Record<string, unknown>)[0];
}
