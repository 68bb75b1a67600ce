import type { ScenarioName } from './scenarios.ts';

export type LogLine = {
  timestamp: string;
  level: 'INFO' | 'ERROR';
  source: 'USER';
  message: string;
  labels: object;
};

/** What the result route answers, and why it is a failure if it is one. */
export type Outcome = {
  status: number;
  body: unknown;
  headers: Record<string, string>;
  /** As the queue's status shows it; null for a success. */
  error: { text: string; type: string } | null;
};

/** One accepted submit. Plain data, so that it can be written to disk as it is. */
export type Run = {
  id: string;
  /** Id of the newest attempt: a requeue changes it, `id` stays. */
  gatewayId: string;
  endpoint: string;
  input: Record<string, unknown>;
  webhookUrl: string | null;
  startTimeoutMs: number | null;
  scenarios: readonly ScenarioName[];
  submittedAt: number;
  state: 'IN_QUEUE' | 'IN_PROGRESS' | 'COMPLETED';
  queuedAt: number;
  queueMs: number;
  startedAt: number | null;
  completedAt: number | null;
  logs: LogLine[];
  cancelled: boolean;
  outcome: Outcome | null;
  statusReads: number;
  /** Every webhook of the run was accepted or given up. */
  webhookSettled: boolean;
};

/** The first two segments, except under fal's two shared owners, which keep three. */
export function appOf(endpoint: string): string {
  const segments = endpoint.split('/');
  const namespaced = segments[0] === 'workflows' || segments[0] === 'comfy';
  return segments.slice(0, namespaced ? 3 : 2).join('/');
}

export function has(run: Pick<Run, 'scenarios'>, ...names: ScenarioName[]): boolean {
  return names.some((name) => run.scenarios.includes(name));
}
