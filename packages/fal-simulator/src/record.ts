import type { ScenarioName } from './scenarios.ts';

/** A received submit. */
export type RecordedRequest = {
  /** Null when it was refused. */
  requestId: string | null;
  endpoint: string;
  /** Parsed JSON, or the beginning of a long or invalid text; null without a valid key. */
  body: unknown;
  headers: Record<string, string>;
  query: Record<string, string>;
  webhookUrl: string | null;
  receivedAt: number;
  scenarios: readonly ScenarioName[];
  /** HTTP status, or why there was none. */
  answered: number | 'cut' | 'drop' | 'hang';
};

/** Without the key and callback tokens, for disk and control routes. */
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

/** A callback URL without its last segment and query, which hold the receiver's secrets. */
export function withoutToken(url: string): string {
  if (!URL.canParse(url)) return '…';
  const { protocol, host, pathname, search } = new URL(url);
  const folder = pathname.slice(0, pathname.lastIndexOf('/') + 1);
  return `${protocol}//${host}${folder}…${search === '' ? '' : '?…'}`;
}
