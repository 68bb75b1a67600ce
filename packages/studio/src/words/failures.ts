import { LikenessError, RefusalError, type ErrorCode } from '@likeness/client';

/** What went wrong, and what the user can do about it. */
export type Words = { readonly title: string; readonly advice: string };

const OF_CALLS: Readonly<Record<string, Words>> = {
  NETWORK_ERROR: {
    title: 'The server cannot be reached',
    advice: 'Nothing is lost. Try again when the connection is back.',
  },
  BAD_RESPONSE: {
    title: 'Something between this page and the server answered instead of it',
    advice: 'Try again in a moment.',
  },
  SERVICE_UNAVAILABLE: { title: 'The server is busy', advice: 'Try again in a moment.' },
  INTERNAL_SERVER_ERROR: {
    title: 'The server made a mistake',
    advice: 'Try again. If it happens again, tell the people who run this server.',
  },
  INTERNAL_ERROR: {
    title: 'The server made a mistake with this one',
    advice: 'It may have started: look among the pictures before you try again.',
  },
  LIMIT_EXCEEDED: { title: 'A limit of this server is reached', advice: '' },
  INVALID_INPUT: { title: 'The server did not accept this', advice: '' },
  NOT_FOUND: { title: 'This does not exist any more', advice: 'It was deleted, perhaps in another window.' },
  NOT_READY: { title: 'There is nothing to make pictures with yet', advice: 'Train first.' },
  CONFLICT: { title: 'Something else is under way', advice: 'Wait until it has ended.' },
  IDEMPOTENCY_CONFLICT: { title: 'This was sent before', advice: 'Try again.' },
  PROVIDER_REJECTED: {
    title: 'fal did not accept this',
    advice: 'Nothing has started, and nothing was charged.',
  },
  PROVIDER_UNAVAILABLE: {
    title: 'fal takes nothing at the moment',
    advice: 'Nothing has started, and nothing was charged. Try again later.',
  },
};

const OF_RUNS: Readonly<Partial<Record<ErrorCode, (what: string) => Words>>> = {
  PROVIDER_FAILED: (what) => ({
    title: `fal could not finish the ${what}`,
    advice: 'Try again. If it fails in the same way, the reason below says what to change.',
  }),
  PROVIDER_REJECTED: (what) => ({
    title: `fal did not accept the ${what}`,
    advice: 'The reason below says what to change.',
  }),
  PROVIDER_UNAVAILABLE: (what) => ({
    title: `fal did not take the ${what}`,
    advice: 'Nothing has started. Try again in a moment.',
  }),
  RESULT_INVALID: (what) => ({
    title: `fal finished the ${what}, but its result is incomplete`,
    advice: 'Try again.',
  }),
  SUBMIT_OUTCOME_UNKNOWN: (what) => ({
    title: `It is not known yet whether fal has started the ${what}`,
    advice: 'The answer of fal was lost. This server keeps looking, and does not send it twice.',
  }),
  LOST: (what) => ({ title: `The ${what} was lost at fal`, advice: 'Try again.' }),
  NOT_STARTED: (what) => ({ title: `The ${what} never started`, advice: 'Try again. It cost nothing.' }),
  LIMIT_EXCEEDED: (what) => ({ title: `A limit stopped the ${what}`, advice: '' }),
};

const BY_REASON: Readonly<Record<string, Words>> = {
  BALANCE_EXHAUSTED: {
    title: 'The account at fal has no balance left',
    advice: 'Tell the people who run this server. Nothing has started.',
  },
  KEY_REFUSED: {
    title: 'fal refuses the key of this server',
    advice: 'Tell the people who run this server. Nothing has started.',
  },
  BUSY: { title: 'fal is busy', advice: 'Nothing has started. Try again in a moment.' },
};

/** Of a call that failed. */
export function wordsOfError(error: unknown): Words & { readonly detail: string | null } {
  if (!(error instanceof LikenessError)) {
    return { title: 'Something went wrong on this page', advice: 'Reload it.', detail: String(error) };
  }
  const reason = error instanceof RefusalError ? error.reason : null;
  const words = (reason === null ? undefined : BY_REASON[reason]) ?? OF_CALLS[error.code];
  const ownWords = ['NETWORK_ERROR', 'NOT_FOUND', 'BAD_RESPONSE'].includes(error.code);
  return {
    ...(words ?? { title: 'That did not work', advice: 'Try again.' }),
    detail: ownWords ? null : error.message,
  };
}

/** Of a training or of pictures that have ended without a result. */
export function wordsOfFailure(code: ErrorCode, what: 'training' | 'picture'): Words {
  return OF_RUNS[code]?.(what) ?? { title: `The ${what} has failed`, advice: 'Try again.' };
}
