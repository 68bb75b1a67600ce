/** Why a use case refused its input. Nothing was changed, and no run was started. */
export type Refusal<Code extends RefusalCode = RefusalCode> = {
  readonly code: Code;
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

/** Why fal started no run. */
export type ProviderCode = 'PROVIDER_REJECTED' | 'PROVIDER_UNAVAILABLE';

export function isProviderCode(code: string | null): code is ProviderCode {
  return code === 'PROVIDER_REJECTED' || code === 'PROVIDER_UNAVAILABLE';
}

export const ERROR_CODES = [...new Set([...REFUSAL_CODES, ...FAILURE_CODES])] as const;
export type ErrorCode = RefusalCode | FailureCode;

export type Failure = { readonly code: FailureCode; readonly message: string };

/** What a use case did, or why it refused, with the codes that it can refuse with. */
export type Result<T, Code extends RefusalCode> = { readonly done: T } | { readonly refused: Refusal<Code> };

export function refuse<Code extends RefusalCode>(
  code: Code,
  message: string,
): { readonly refused: Refusal<Code> } {
  return { refused: { code, message } };
}

export const NO_SUCH_AVATAR = refuse('NOT_FOUND', 'There is no such avatar.');
export const DELETED_SINCE = refuse('NOT_FOUND', 'What this idempotencyKey made has been deleted.');
