/** Why a caller's wish was not carried out. Nothing was changed, and no run was started. */
export type Refusal = {
  readonly code: RefusalCode;
  readonly message: string;
};

export const REFUSAL_CODES = [
  'NOT_FOUND',
  'INVALID_INPUT',
  'CONFLICT',
  'NOT_READY',
  'PROVIDER_REJECTED',
  'PROVIDER_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  'IDEMPOTENCY_CONFLICT',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** Why a run that was started, or may have been, did not give what it should. */
export const FAILURE_CODES = [
  'PROVIDER_FAILED',
  'RESULT_INVALID',
  'SUBMIT_OUTCOME_UNKNOWN',
  'LOST',
  'PROVIDER_REJECTED',
  'PROVIDER_UNAVAILABLE',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

export const ERROR_CODES = [...new Set([...REFUSAL_CODES, ...FAILURE_CODES])] as const;
export type ErrorCode = RefusalCode | FailureCode;

export type Failure = { readonly code: FailureCode; readonly message: string };

/** The answer to a wish: what came of it, or why it was refused. */
export type Answer<T> = { readonly done: T } | { readonly refused: Refusal };

export function refuse(code: RefusalCode, message: string): { readonly refused: Refusal } {
  return { refused: { code, message } };
}
