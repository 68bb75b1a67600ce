export type Readiness = {
  /** Throws when the database does not answer or cannot do its work; the error's `reason` may say why in one word. */
  readonly database: () => Promise<void>;
  /** False while news of other instances does not arrive: the process works, its watchers may hear late. */
  readonly isShared: () => boolean;
  /** True from the first sign of shutdown on. */
  readonly isClosing: () => boolean;
};

/** The process runs and answers. */
export function livez(): Response {
  return Response.json({ status: 'alive' });
}

/** The process can do its work: 503 while it starts, stops, or cannot reach its database. */
export async function readyz({ database, isShared, isClosing }: Readiness): Promise<Response> {
  if (isClosing()) return Response.json({ status: 'closing' }, { status: 503 });
  try {
    await database();
    return Response.json(isShared() ? { status: 'ready' } : { status: 'degraded', redis: 'unreachable' });
  } catch (error) {
    return Response.json({ status: 'degraded', database: wordFor(error) }, { status: 503 });
  }
}

/** One of two words: what else an error says is not for everyone. */
function wordFor(error: unknown): 'disk-full' | 'unreachable' {
  const isFull = error instanceof Error && 'reason' in error && error.reason === 'disk-full';
  return isFull ? 'disk-full' : 'unreachable';
}
