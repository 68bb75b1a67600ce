import { RefusalError } from './errors.ts';
import type { ErrorCode } from './generated/operations.ts';

type Refusal = { readonly code: ErrorCode; readonly message: string };

/** The data of a mutation without the refusals in its unions. */
export type Unrefused<Data> = { [Field in keyof Data]: Exclude<Data[Field], Refusal> };

/** Throws RefusalError for the first field that was refused. */
export function unwrapped<Data>(data: Data): Unrefused<Data> {
  for (const result of Object.values(data as Record<string, unknown>)) {
    if (isRefusal(result)) throw new RefusalError(result.code, result.message);
  }
  return data as Unrefused<Data>;
}

function isRefusal(result: unknown): result is Refusal {
  return typeof result === 'object' && result !== null && 'code' in result && 'message' in result;
}
