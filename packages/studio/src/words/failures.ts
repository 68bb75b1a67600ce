import { LikenessError, RefusalError, type ErrorCode } from '@likeness/client';

/** A problem, and the user's remedy. */
export type Words = { readonly title: string; readonly advice: string };

/** Codes that only runs end with. */
type RunCode = 'PROVIDER_FAILED' | 'RESULT_INVALID' | 'SUBMIT_OUTCOME_UNKNOWN' | 'LOST' | 'NOT_STARTED';
/** Codes of calls; the last four are not in the schema. */
type CallCode =
  | Exclude<ErrorCode, RunCode>
  | 'NETWORK_ERROR'
  | 'BAD_RESPONSE'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR';

const OF_CALLS: Readonly<Record<string, Words>> = {
  NETWORK_ERROR: {
    title: 'The server cannot be reached',
    advice: 'Nothing is lost. Try again when you are online.',
  },
  BAD_RESPONSE: {
    title: 'A proxy answered instead of the server',
    advice: 'Try again in a moment.',
  },
  SERVICE_UNAVAILABLE: { title: 'The server is busy', advice: 'Try again in a moment.' },
  INTERNAL_SERVER_ERROR: {
    title: 'The server has a fault',
    advice: 'Try again. If it happens again, contact the operator of this server.',
  },
  INTERNAL_ERROR: {
    title: 'The server failed on this image',
    advice: 'The run may have started: check your images before you try again.',
  },
  LIMIT_EXCEEDED: { title: 'You have reached a limit of this server', advice: '' },
  INVALID_INPUT: { title: 'The server did not accept this', advice: '' },
  NOT_FOUND: { title: 'This no longer exists', advice: 'It was deleted, perhaps in another window.' },
  NOT_READY: { title: 'This avatar is not trained yet', advice: 'Train it first.' },
  CONFLICT: { title: 'Another run is under way', advice: 'Wait until it has ended.' },
  IDEMPOTENCY_CONFLICT: { title: 'This request was sent before', advice: 'Try again.' },
  PROVIDER_REJECTED: {
    title: 'fal did not accept this',
    advice: 'Nothing has started, and nothing was charged.',
  },
  PROVIDER_UNAVAILABLE: {
    title: 'fal accepts no runs at the moment',
    advice: 'Nothing has started, and nothing was charged. Try again later.',
  },
} satisfies Record<CallCode, Words>;

const OF_RUNS: Readonly<Partial<Record<ErrorCode, (what: string) => Words>>> = {
  PROVIDER_FAILED: (what) => ({
    title: `fal could not finish the ${what}`,
    advice: 'Try again. If it fails again, see the reason below.',
  }),
  PROVIDER_REJECTED: (what) => ({
    title: `fal did not accept the ${what}`,
    advice: 'See the reason below.',
  }),
  PROVIDER_UNAVAILABLE: (what) => ({
    title: `fal did not start the ${what}`,
    advice: 'Nothing has started. Try again in a moment.',
  }),
  RESULT_INVALID: (what) => ({
    title: `fal completed the ${what}, but the result is incomplete`,
    advice: 'Try again.',
  }),
  SUBMIT_OUTCOME_UNKNOWN: (what) => ({
    title: `fal may or may not have started the ${what}`,
    advice: 'Its response was lost. The server keeps checking, and never sends the request twice.',
  }),
  LOST: (what) => ({ title: `The ${what} was lost at fal`, advice: 'Try again.' }),
  NOT_STARTED: (what) => ({ title: `The ${what} never started`, advice: 'Try again. It cost nothing.' }),
} satisfies Record<RunCode | 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE', (what: string) => Words>;

const BY_REASON: Readonly<Record<string, Words>> = {
  BALANCE_EXHAUSTED: {
    title: 'The account at fal has no balance left',
    advice: 'Nothing has started. Contact the operator of this server.',
  },
  KEY_REFUSED: {
    title: 'fal refuses the key of this server',
    advice: 'Nothing has started. Contact the operator of this server.',
  },
  BUSY: { title: 'fal is busy', advice: 'Nothing has started. Try again in a moment.' },
} satisfies Record<NonNullable<RefusalError['reason']>, Words>;

/** For a call that failed. */
export function wordsOfError(error: unknown): Words & { readonly detail: string | null } {
  if (!(error instanceof LikenessError)) {
    return { title: 'Something went wrong on this page', advice: 'Reload it.', detail: String(error) };
  }
  const reason = error instanceof RefusalError ? error.reason : null;
  const words = (reason === null ? undefined : BY_REASON[reason]) ?? OF_CALLS[error.code];
  const ownWords = ['NETWORK_ERROR', 'NOT_FOUND', 'BAD_RESPONSE'].includes(error.code);
  return {
    ...(words ?? { title: 'The request failed', advice: 'Try again.' }),
    detail: ownWords ? null : error.message,
  };
}

/** For a training or a generation that ended without a result. */
export function wordsOfFailure(code: ErrorCode, what: 'training' | 'image'): Words {
  return OF_RUNS[code]?.(what) ?? { title: `The ${what} failed`, advice: 'Try again.' };
}
