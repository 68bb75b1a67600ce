import type { Operation } from './http.ts';

/** How a watch is connected. */
export type TransportName = 'websocket' | 'sse' | 'polling';

/** A subscription, and the query for the same object. Both have one field, which gives the row. */
export type Topic = {
  /** It takes `afterVersion` too. */
  readonly subscription: Operation;
  readonly query: Operation;
};

export type Follower = {
  readonly topic: Topic;
  /** The newest version that was received. */
  readonly afterVersion: number | null;
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

export function subscriptionOf({ topic, afterVersion }: Follower): Operation {
  const { query, variables } = topic.subscription;
  return { query, variables: { ...variables, afterVersion } };
}

/** The value of the only field. */
export function rowIn(data: unknown): unknown {
  return Object.values(data as Record<string, unknown>)[0];
}
