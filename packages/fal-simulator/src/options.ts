import type { ScenarioName } from './scenarios.ts';

/** Durations in milliseconds, unless the name has another unit. */
export type Timing = {
  queueMs: number;
  trainMs: number;
  generateMs: number;
  /** Log lines with a progress bar per run. */
  progressSteps: number;
  /** From the cancel of a running run to its end. */
  cancelMs: number;
  /** Multiplies waits under the scenario `slow`. */
  slowFactor: number;
  webhookFirstTimeoutMs: number;
  webhookRetryTimeoutMs: number;
  /** Wait before each retry; its length is the number of retries. */
  webhookRetryMs: readonly number[];
  /** Between keep-alive comments on a status stream. */
  pingMs: number;
  /** From completion to the webhook under the scenario `late`. */
  lateMs: number;
  /** Longest that the scenario `early` holds back the answer to the submit. */
  earlyAnswerMs: number;
};

export const DEFAULT_TIMING: Timing = {
  queueMs: 600,
  trainMs: 6_000,
  generateMs: 1_200,
  progressSteps: 12,
  cancelMs: 150,
  slowFactor: 5,
  webhookFirstTimeoutMs: 15_000,
  webhookRetryTimeoutMs: 120_000,
  webhookRetryMs: [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000],
  pingMs: 15_000,
  lateMs: 5_000,
  earlyAnswerMs: 3_000,
};

export type SimulatorEvent =
  | { type: 'listening'; url: string }
  | { type: 'submitted'; endpoint: string; requestId: string; scenarios: readonly ScenarioName[] }
  | { type: 'refused'; endpoint: string; status: number }
  | { type: 'state'; endpoint: string; requestId: string; state: string; status?: number }
  | {
      type: 'webhook';
      requestId: string;
      label: string;
      attempt: number;
      status: number | null;
      error?: string;
    }
  | { type: 'bug'; message: string };

export type SimulatorOptions = {
  /** Default 127.0.0.1. */
  host?: string;
  /** 0 (default) picks a free port; with `dir` the port of the last start is tried first. */
  port?: number;
  /** Base of every URL in answers; for a simulator behind another name, such as a container's. */
  publicUrl?: string;
  /** Folder for files, finetunes, keys and runs. Without it: memory only. */
  dir?: string;
  /** Sent as X-Fal-Webhook-User-Id. */
  accountId?: string;
  /** Accepted keys. Default: any non-empty one. */
  apiKeys?: readonly string[];
  /**
   * Whether requests may set scenarios, by the routes under /__simulator or in the input. Default true. `program()`
   * works without it.
   */
  controls?: boolean;
  timing?: Partial<Timing>;
  images?: {
    /** JPEG quality, 1 to 100. Default 88. */
    jpegQuality?: number;
    /** Longer side of v1.1-ultra images in pixels. fal gives about 2750; default 1376 keeps a demo quick. */
    ultraLongSide?: number;
    /** Draws each square of this many pixels a side in one colour, for tests that look at no detail. Default 1. */
    blockSide?: number;
  };
  /** Answer 405 when status, result or cancel are asked under the full endpoint id. Default false. */
  strictPaths?: boolean;
  /** fal's documentation names both for a run still in the queue. Default 200. */
  cancelQueuedWith?: 200 | 202;
  /** Whether a cancelled run sends an ERROR webhook; fal does not document it. Default true. */
  webhookOnCancel?: boolean;
  /**
   * Fetch archives from other servers on loopback. Default false: the answers would reveal open ports to strangers.
   */
  opensLoopback?: boolean;
  /** Largest upload or archive in bytes. Default 256 MiB. */
  maxFileBytes?: number;
  /** A throw in it is ignored. */
  log?: (event: SimulatorEvent) => void;
  /** Milliseconds since the epoch: log lines, webhook timestamps, dates of answers, expiry. Waits use real timers. */
  now?: () => number;
  /** In [0, 1): seeds of images when the caller gives none. */
  random?: () => number;
};
