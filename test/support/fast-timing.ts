import type { Timing } from '@likeness/fal-simulator';

/** A training in a fifth of a second, a generation in a twentieth. */
export const FAST = {
  queueMs: 40,
  trainMs: 120,
  generateMs: 20,
  progressSteps: 4,
  cancelMs: 10,
  slowFactor: 5,
  webhookRetryMs: [30, 60, 120, 250, 500, 1000, 2000],
  lateMs: 400,
  earlyAnswerMs: 2000,
} satisfies Partial<Timing>;
