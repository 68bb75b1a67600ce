import type { ScenarioName } from './scenarios.ts';

/** A submit as it came in, whatever became of it. */
export type RecordedRequest = {
  /** Null when it was refused. */
  requestId: string | null;
  endpoint: string;
  /** Parsed JSON, or the beginning of the text when it is none or long; null without a good key. */
  body: unknown;
  headers: Record<string, string>;
  query: Record<string, string>;
  webhookUrl: string | null;
  receivedAt: number;
  scenarios: readonly ScenarioName[];
  /** HTTP status of the answer, or how it was withheld. */
  answered: number | 'cut' | 'drop' | 'hang';
};

/** Without the key and without callback tokens, for anything that leaves the process. */
export function withoutSecrets(request: RecordedRequest): RecordedRequest {
  const { headers, query, webhookUrl } = request;
  return {
    ...request,
    headers: {
      ...headers,
      ...(headers['authorization'] !== undefined && { authorization: 'Key …' }),
    },
    query: {
      ...query,
      ...(query['fal_webhook'] !== undefined && { fal_webhook: withoutToken(query['fal_webhook']) }),
    },
    webhookUrl: webhookUrl === null ? null : withoutToken(webhookUrl),
  };
}

/** A callback address without its last segment and its query, where receivers put what tells them that it is fal. */
export function withoutToken(url: string): string {
  if (!URL.canParse(url)) return '…';
  const { protocol, host, pathname, search } = new URL(url);
  const folder = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  return `${protocol}//${host}${folder}…${search === '' ? '' : '?…'}`;
}
