const REFUSAL_CODES = [
  'NOT_FOUND',
  'INVALID_INPUT',
  'CONFLICT',
  'NOT_READY',
  'PROVIDER_REJECTED',
  'PROVIDER_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  'IDEMPOTENCY_CONFLICT',
  'INTERNAL_ERROR',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Why nothing is submitted: fal refused our key, refused our account, or asked for a pause. */
export const PAUSE_REASONS = ['KEY_REFUSED', 'BALANCE_EXHAUSTED', 'BUSY'] as const;
export type PauseReason = (typeof PAUSE_REASONS)[number];

/** A time in which nothing is submitted; null where the reason or the end is unknown. */
export type Pause = { readonly reason: PauseReason | null; readonly retryAt: Date | null };

/** Why a use case refused. Nothing was changed and no run was started, except perhaps with INTERNAL_ERROR. */
export type Refusal<Code extends RefusalCode = RefusalCode> = {
  readonly code: Code;
  readonly message: string;
  /** Of PROVIDER_UNAVAILABLE. */
  readonly pause?: Pause;
};

/** Why fal started no run. */
export const PROVIDER_CODES = ['PROVIDER_REJECTED', 'PROVIDER_UNAVAILABLE'] as const;
export type ProviderCode = (typeof PROVIDER_CODES)[number];

export function isProviderCode(code: string | null): code is ProviderCode {
  return (PROVIDER_CODES as readonly (string | null)[]).includes(code);
}

const RUN_CODES = [
  'PROVIDER_FAILED',
  'RESULT_INVALID',
  'SUBMIT_OUTCOME_UNKNOWN',
  'NOT_STARTED',
  'LOST',
] as const;
/** Why a run that was submitted, or may have been, has no result. */
type FailureCode = (typeof RUN_CODES)[number] | ProviderCode;

export const ERROR_CODES = [...REFUSAL_CODES, ...RUN_CODES] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export type Failure = {
  readonly code: FailureCode;
  readonly message: string;
  /** Of SUBMIT_OUTCOME_UNKNOWN: without a sign of its run until then, it is LOST. */
  readonly waitsUntil?: Date;
};

/** The result of a use case, or its refusal; `Code` names every code it can refuse with. */
export type Result<T, Code extends RefusalCode> = { readonly done: T } | { readonly refused: Refusal<Code> };

export function refuse<Code extends RefusalCode>(
  code: Code,
  message: string,
): { readonly refused: Refusal<Code> } {
  return { refused: { code, message } };
}

export const NO_SUCH_AVATAR = refuse('NOT_FOUND', 'There is no avatar with this ID.');
export const NO_SUCH_GENERATION = refuse('NOT_FOUND', 'There is no generation with this ID.');
export const NO_SUCH_TRAINING = refuse('NOT_FOUND', 'There is no training with this ID.');
export const DELETED_SINCE = refuse(
  'NOT_FOUND',
  'The first call with this idempotencyKey created an object that has been deleted.',
);
