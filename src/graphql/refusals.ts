import { builder } from './builder.ts';
import { described } from './described.ts';
import {
  ERROR_CODES,
  type ErrorCode,
  type Pause,
  type PauseReason,
  type Refusal,
  type RefusalCode,
  type Result,
} from '../domain/refusal.ts';

const CODE_DESCRIPTIONS: Readonly<Record<ErrorCode, string>> = {
  NOT_FOUND: 'The object does not exist or belongs to another owner. The response is the same for both.',
  INVALID_INPUT:
    'An input value is not allowed. The message names the field, the value and the allowed values.',
  CONFLICT:
    'The request conflicts with the current state: a run of the avatar is already under way, there is no run to cancel, or another avatar has the external ID.',
  NOT_READY: 'The avatar or the training has no artifact, or none that this server can use.',
  PROVIDER_REJECTED: 'fal rejected the request. The message contains fal’s reason.',
  PROVIDER_UNAVAILABLE:
    'fal is unreachable or overloaded, or this server currently submits no runs. No run was started.',
  LIMIT_EXCEEDED: 'A quota or rate limit of this server is exceeded.',
  IDEMPOTENCY_CONFLICT: 'The idempotency key was already used with a different input.',
  INTERNAL_ERROR:
    'An item of a list failed unexpectedly, and its run may have started. Repeat the call with the same idempotency key.',
  PROVIDER_FAILED: 'The run failed at fal. The message contains fal’s reason.',
  RESULT_INVALID:
    'fal’s response lacks required parts of the result. `falResponseData` contains the response.',
  SUBMIT_OUTCOME_UNKNOWN:
    'The run was submitted, but fal’s response was lost, so the run may have started. It is not submitted again. A webhook, a cancellation, the operator of this server or a deadline resolves the outcome.',
  NOT_STARTED:
    'The operator of this server confirmed that the submit with unknown outcome started no run. It counts towards no quota.',
  LOST: 'The run or its result is no longer available at fal.',
};

const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'Machine-readable reason for an error.',
  values: described(CODE_DESCRIPTIONS),
});

/** Thrown by resolvers; the errors plugin turns it into a union member. */
abstract class RefusalError extends Error {
  readonly code: RefusalCode;

  constructor({ code, message }: Refusal) {
    super(message);
    this.code = code;
  }
}

class ProviderUnavailableError extends RefusalError {
  readonly pause: Pause | null;

  constructor(refusal: Refusal) {
    super(refusal);
    this.pause = refusal.pause ?? null;
  }
}

const ERROR_OF_CODE = {
  NOT_FOUND: class NotFoundError extends RefusalError {},
  INVALID_INPUT: class InvalidInputError extends RefusalError {},
  CONFLICT: class ConflictError extends RefusalError {},
  NOT_READY: class NotReadyError extends RefusalError {},
  PROVIDER_REJECTED: class ProviderRejectedError extends RefusalError {},
  PROVIDER_UNAVAILABLE: ProviderUnavailableError,
  LIMIT_EXCEEDED: class LimitExceededError extends RefusalError {},
  IDEMPOTENCY_CONFLICT: class IdempotencyConflictError extends RefusalError {},
  INTERNAL_ERROR: class InternalError extends RefusalError {},
} satisfies Record<RefusalCode, new (refusal: Refusal) => RefusalError>;

const ErrorInterface = builder.interfaceRef<RefusalError>('Error').implement({
  description:
    'Reason for a refused mutation. Nothing was changed and no run was started, except perhaps with INTERNAL_ERROR.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCodeEnum, description: 'Machine-readable reason.' }),
    message: t.exposeString('message', { description: 'Human-readable message.' }),
  }),
});

for (const [code, errorClass] of Object.entries(ERROR_OF_CODE)) {
  builder.objectType(errorClass, {
    name: errorClass.name,
    description: CODE_DESCRIPTIONS[code as RefusalCode],
    interfaces: [ErrorInterface],
    isTypeOf: (value) => value instanceof errorClass,
  });
}

const UnavailableReasonEnum = builder.enumType('UnavailableReason', {
  description:
    'Reason why this server cannot start runs at the moment. It does not depend on the caller’s input.',
  values: {
    KEY_REFUSED: { description: 'fal refuses the key of this server.' },
    BALANCE_EXHAUSTED: {
      description: 'fal refuses the account of this server, because its balance is exhausted.',
    },
    BUSY: { description: 'fal is too busy.' },
  } satisfies Record<PauseReason, object>,
});

builder.objectFields(ProviderUnavailableError, (t) => ({
  reason: t.field({
    type: UnavailableReasonEnum,
    nullable: true,
    description: 'Reason. Null if unknown, for example if fal cannot be reached.',
    resolve: ({ pause }) => pause?.reason ?? null,
  }),
  retryAt: t.field({
    type: 'DateTime',
    nullable: true,
    description:
      'Time at which this server submits runs again. Null if unknown. Until then it refuses every call that starts a run.',
    resolve: ({ pause }) => pause?.retryAt ?? null,
  }),
}));

type CodesOf<UseCase> = UseCase extends (...args: never) => Promise<infer Returned>
  ? Returned extends { readonly refused: { readonly code: infer Code extends RefusalCode } }
    ? Code
    : never
  : never;

/**
 * The errors of a field, typed by its use case: a missing or an unused code does not compile. NOT_FOUND is always
 * included, because the row of a payload may be deleted before it is read.
 */
export function errorsOf<UseCase>(codes: Readonly<Record<CodesOf<UseCase> | 'NOT_FOUND', true>>) {
  return { types: (Object.keys(codes) as RefusalCode[]).map((code) => ERROR_OF_CODE[code]) };
}

export function unwrap<T, Code extends RefusalCode>(result: Result<T, Code>): T {
  if ('refused' in result) throw new ERROR_OF_CODE[result.refused.code](result.refused);
  return result.done;
}

export function refuseNotFound(message: string): never {
  throw new ERROR_OF_CODE.NOT_FOUND({ code: 'NOT_FOUND', message });
}

type FailureShape = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly waitsUntil: Date | string | null;
};

export const Failure = builder.objectRef<FailureShape>('Failure').implement({
  description: 'Reason why a run produced no result, or why its outcome is unknown.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCodeEnum, description: 'Machine-readable reason.' }),
    message: t.exposeString('message', {
      description: 'Human-readable message. Contains fal’s reason if there is one.',
    }),
    waitsUntil: t.expose('waitsUntil', {
      type: 'DateTime',
      nullable: true,
      description:
        'With the code SUBMIT_OUTCOME_UNKNOWN: time at which the code becomes LOST, unless the outcome is resolved before. Null for other codes.',
    }),
  }),
});

/** The error columns of a row; null if they are empty. */
export function failureOf(row: {
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  readonly errorWaitsUntil: Date | string | null;
}): FailureShape | null {
  const code = ERROR_CODES.find((known) => known === row.errorCode);
  if (code === undefined) return null;
  // An instance of an older version leaves the time of an earlier unknown outcome.
  const waitsUntil = code === 'SUBMIT_OUTCOME_UNKNOWN' ? row.errorWaitsUntil : null;
  return { code, message: row.errorMessage ?? '', waitsUntil };
}
