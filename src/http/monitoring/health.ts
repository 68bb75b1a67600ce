import { jsonResponse } from '../json-response.ts';

export type Readiness = {
  /** Throws if the database does not work. The error may have a `reason`. */
  readonly database: () => Promise<void>;
  /** False while notifications of other instances do not arrive: subscribers get changes late. */
  readonly isShared: () => boolean;
  readonly isClosing: () => boolean;
};

export function livez(): Response {
  return jsonResponse({ status: 'alive' });
}

/** 503 while the process stops or its database does not work. */
export async function readyz({ database, isShared, isClosing }: Readiness): Promise<Response> {
  if (isClosing()) return jsonResponse({ status: 'closing' }, { status: 503 });
  try {
    await database();
    return jsonResponse(isShared() ? { status: 'ready' } : { status: 'degraded', redis: 'unreachable' });
  } catch (error) {
    return jsonResponse({ status: 'degraded', database: wordFor(error) }, { status: 503 });
  }
}

/** One of two words: the error itself may contain secrets. */
function wordFor(error: unknown): 'disk-full' | 'unreachable' {
  const isFull = error instanceof Error && 'reason' in error && error.reason === 'disk-full';
  return isFull ? 'disk-full' : 'unreachable';
}
