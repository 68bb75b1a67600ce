import type { ScenarioName } from './scenarios.ts';

/** A submit as it came in, whatever became of it. */
export type RecordedRequest = {
  /** Null when it was refused. */
  requestId: string | null;
  endpoint: string;
  /** Parsed JSON, or the text when it is none. */
  body: unknown;
  headers: Record<string, string>;
  query: Record<string, string>;
  webhookUrl: string | null;
  receivedAt: number;
  scenarios: readonly ScenarioName[];
  /** HTTP status of the answer, or how it was withheld. */
  answered: number | 'cut' | 'drop' | 'hang';
};

/** Without the key, for anything that leaves the process. */
export function withoutKey(request: RecordedRequest): RecordedRequest {
  if (request.headers['authorization'] === undefined) return request;
  return { ...request, headers: { ...request.headers, authorization: 'Key …' } };
}
