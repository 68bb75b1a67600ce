import type { ScenarioName } from './scenarios.ts';

export type LogLine = {
  timestamp: string;
  level: 'INFO' | 'ERROR';
  source: 'USER';
  message: string;
  labels: object;
};

/** The answer of the result route. */
export type Outcome = {
  status: number;
  body: unknown;
  headers: Record<string, string>;
  /** As in the status; null for a success. */
  error: { text: string; type: string } | null;
};

/** An accepted submit, as it is stored on disk. */
export type Run = {
  id: string;
  /** Id of the newest attempt; a requeue changes it. */
  gatewayId: string;
  endpoint: string;
  input: Record<string, unknown>;
  webhookUrl: string | null;
  startTimeoutMs: number | null;
  /** How long the files that it makes are kept. Undefined, also in runs of older versions: for ever. */
  keepFilesMs?: number | undefined;
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
  /** Every webhook was accepted or given up. */
  webhookSettled: boolean;
};

/** Owner and app: two segments, or three under fal's shared owners. */
export function appOf(endpoint: string): string {
  const segments = endpoint.split('/');
  const namespaced = segments[0] === 'workflows' || segments[0] === 'comfy';
  return segments.slice(0, namespaced ? 3 : 2).join('/');
}

export function has(run: Pick<Run, 'scenarios'>, ...names: ScenarioName[]): boolean {
  return names.some((name) => run.scenarios.includes(name));
}
