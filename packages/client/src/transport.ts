/** How a watch is connected. */
export type TransportName = 'websocket' | 'sse' | 'polling';

/** A subscription, and the query for the same object. Both have one field, which gives the row. */
export type Topic = {
  readonly subscription: string;
  readonly query: string;
  readonly id: string;
  /** Name of the subscription's argument for the id. */
  readonly idName: 'avatarId' | 'generationId';
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

export function subscriptionOf({ topic, afterVersion }: Follower): {
  readonly query: string;
  readonly variables: Record<string, unknown>;
} {
  const { subscription, id, idName } = topic;
  return { query: subscription, variables: { [idName]: id, afterVersion } };
}

/** The value of the only field. */
export function rowIn(data: unknown): unknown {
  return Object.values(data as Record<string, unknown>)[0];
}
