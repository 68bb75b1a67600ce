import { RefusalError } from './errors.ts';
import type { ErrorCode, UnavailableReason } from './generated/operations.ts';

type Refusal = {
  readonly code: ErrorCode;
  readonly message: string;
  /** Both of PROVIDER_UNAVAILABLE only. */
  readonly reason?: UnavailableReason | null;
  readonly retryAt?: string | null;
};

/** The data of a mutation without the refusals in its unions. */
export type Unrefused<Data> = { [Field in keyof Data]: Exclude<Data[Field], Refusal> };

/** Throws RefusalError for the first field that was refused. */
export function unwrapped<Data>(data: Data): Unrefused<Data> {
  for (const result of Object.values(data as Record<string, unknown>)) {
    if (isRefusal(result)) throw refusalErrorOf(result);
  }
  return data as Unrefused<Data>;
}

function refusalErrorOf({ code, message, reason, retryAt }: Refusal): RefusalError {
  const retryAfter =
    retryAt == null ? null : Math.max(0, Math.ceil((Date.parse(retryAt) - Date.now()) / 1000));
  return new RefusalError(code, message, { reason, retryAfter });
}

function isRefusal(result: unknown): result is Refusal {
  return typeof result === 'object' && result !== null && 'code' in result && 'message' in result;
}
