import { builder } from './builder.ts';
import {
  ERROR_CODES,
  type ErrorCode,
  type Refusal,
  type RefusalCode,
  type Result,
} from '../domain/user-error.ts';

const CODE_DESCRIPTIONS: Readonly<Record<ErrorCode, string>> = {
  NOT_FOUND: 'There is no such thing, or it is somebody else’s: the two are never told apart.',
  INVALID_INPUT: 'A value is not allowed; the message names the field, the value and what is allowed.',
  CONFLICT:
    'The avatar’s training does not allow it now: one is on its way already, or there is none to cancel.',
  NOT_READY: 'The avatar has no artefact to generate with yet.',
  PROVIDER_REJECTED: 'fal said no; the message has its own words.',
  PROVIDER_UNAVAILABLE:
    'fal could not be reached or was too busy, and it is certain that nothing was started.',
  LIMIT_EXCEEDED: 'A quota or rate limit of this service.',
  IDEMPOTENCY_CONFLICT: 'The idempotency key was used before with another input.',
  PROVIDER_FAILED: 'The run failed at fal; the message has fal’s reason.',
  RESULT_INVALID: 'fal answered without what the endpoint promises; falResponseData has the whole answer.',
  SUBMIT_OUTCOME_UNKNOWN:
    'The submit went out and fal’s answer was lost, so a run may have been started. It is not sent again; a webhook, a cancel or a deadline resolves it.',
  LOST: 'The run, or its result, could not be found any more.',
};

export const ErrorCodeEnum = builder.enumType('ErrorCode', {
  description: 'What went wrong, for programs to branch on.',
  values: Object.fromEntries(
    ERROR_CODES.map((code) => [code, { description: CODE_DESCRIPTIONS[code] }]),
  ) as Record<ErrorCode, { description: string }>,
});

/** A refusal on its way through GraphQL. Thrown by resolvers only; the errors plugin turns it into a union member. */
abstract class RefusalError extends Error {
  readonly code: RefusalCode;

  constructor({ code, message }: Refusal) {
    super(message);
    this.code = code;
  }
}

export class NotFoundError extends RefusalError {}
export class InvalidInputError extends RefusalError {}
export class ConflictError extends RefusalError {}
export class NotReadyError extends RefusalError {}
export class ProviderRejectedError extends RefusalError {}
export class ProviderUnavailableError extends RefusalError {}
export class LimitExceededError extends RefusalError {}
export class IdempotencyConflictError extends RefusalError {}

const ERROR_OF_CODE = {
  NOT_FOUND: NotFoundError,
  INVALID_INPUT: InvalidInputError,
  CONFLICT: ConflictError,
  NOT_READY: NotReadyError,
  PROVIDER_REJECTED: ProviderRejectedError,
  PROVIDER_UNAVAILABLE: ProviderUnavailableError,
  LIMIT_EXCEEDED: LimitExceededError,
  IDEMPOTENCY_CONFLICT: IdempotencyConflictError,
} satisfies Record<RefusalCode, new (refusal: Refusal) => RefusalError>;

const ErrorInterface = builder.interfaceRef<RefusalError>('Error').implement({
  description: 'Why a mutation was refused. Nothing was changed, and no run was started.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCodeEnum, description: 'For programs.' }),
    message: t.exposeString('message', { description: 'For people.' }),
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

type CodesOf<UseCase> = UseCase extends (...args: never) => Promise<infer Returned>
  ? Returned extends { readonly refused: { readonly code: infer Code extends RefusalCode } }
    ? Code
    : never
  : never;

/**
 * The errors of a field: those that its use case can refuse with, by type, so that a missing or a needless one does not
 * compile. NOT_FOUND is always among them, since what a payload shows may be deleted before it is read.
 */
export function errorsOf<UseCase>(codes: Readonly<Record<CodesOf<UseCase> | 'NOT_FOUND', true>>) {
  return { types: (Object.keys(codes) as RefusalCode[]).map((code) => ERROR_OF_CODE[code]) };
}

/** What was done, or its refusal thrown. */
export function unwrap<T, Code extends RefusalCode>(answer: Result<T, Code>): T {
  if ('refused' in answer) throw new ERROR_OF_CODE[answer.refused.code](answer.refused);
  return answer.done;
}

export type FailureShape = { readonly code: ErrorCode; readonly message: string };

export const Failure = builder.objectRef<FailureShape>('Failure').implement({
  description: 'Why a run did not give what it should.',
  fields: (t) => ({
    code: t.expose('code', { type: ErrorCodeEnum, description: 'For programs.' }),
    message: t.exposeString('message', {
      description: 'For people, with fal’s own reason where there is one.',
    }),
  }),
});

/** A row's error columns as one value, or null where there is no error. */
export function failureOf(row: { readonly errorCode: string | null; readonly errorMessage: string | null }) {
  const code = ERROR_CODES.find((known) => known === row.errorCode);
  return code === undefined ? null : { code, message: row.errorMessage ?? '' };
}
