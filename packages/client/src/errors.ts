import type { ErrorCode, UnavailableReason } from './generated/operations.ts';

/** Codes of the client itself come last: no answer, an answer that is not GraphQL, a token function that failed. */
export type LikenessErrorCode =
  | ErrorCode
  | 'UNAUTHENTICATED'
  | 'SERVICE_UNAVAILABLE'
  | 'INTERNAL_SERVER_ERROR'
  | 'OPERATION_TOO_LARGE'
  | 'NETWORK_ERROR'
  | 'BAD_RESPONSE'
  | 'TOKEN_UNAVAILABLE'
  | (string & Record<never, never>);

export type LikenessErrorDetails = {
  readonly cause?: unknown;
  readonly correlationId?: string | null;
  readonly retryAfter?: number | null;
  readonly status?: number | null;
};

/** A request or subscription that failed. Branch on `code`, and show `message` to people. */
export class LikenessError extends Error {
  override readonly name: string = 'LikenessError';
  readonly code: LikenessErrorCode;
  /** Seconds after which to repeat the request; null if the server named no time. */
  readonly retryAfter: number | null;
  /** Identifies the error in the log of the server; null if the server has not logged it. */
  readonly correlationId: string | null;
  /** HTTP status; null without an HTTP response. */
  readonly status: number | null;

  constructor(code: LikenessErrorCode, message: string, details: LikenessErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.retryAfter = details.retryAfter ?? null;
    this.correlationId = details.correlationId ?? null;
    this.status = details.status ?? null;
  }
}

export type RefusalDetails = LikenessErrorDetails & {
  readonly reason?: UnavailableReason | null | undefined;
};

/** A mutation that was refused: it has changed nothing and started no run. */
export class RefusalError extends LikenessError {
  override readonly name = 'RefusalError';
  declare readonly code: ErrorCode;
  /** Why PROVIDER_UNAVAILABLE; null if unknown, and for other codes. */
  readonly reason: UnavailableReason | null;

  constructor(code: ErrorCode, message: string, { reason, ...details }: RefusalDetails = {}) {
    super(code, message, details);
    this.reason = reason ?? null;
  }
}

export type GraphqlError = {
  readonly message: string;
  readonly extensions?: Readonly<Record<string, unknown>>;
};

/** The first of the errors that an operation ended with. */
export function errorFrom(
  errors: readonly GraphqlError[],
  details: LikenessErrorDetails = {},
): LikenessError {
  const [{ message, extensions = {} } = { message: 'The answer has neither data nor errors.' }] = errors;
  const { code, correlationId } = extensions;
  return new LikenessError(typeof code === 'string' ? code : 'BAD_RESPONSE', message, {
    ...details,
    correlationId: typeof correlationId === 'string' ? correlationId : null,
  });
}
