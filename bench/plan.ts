/** How long each part of a run takes. */
export type Plan = {
  readonly rounds: number;
  readonly secondsPerVisit: number;
  readonly warmUpSeconds: number;
  /** Deliveries of one visit. */
  readonly webhooks: number;
  readonly subscribers: number;
  readonly publishes: number;
  readonly starts: number;
};

export const FULL: Plan = {
  rounds: 7,
  secondsPerVisit: 2,
  warmUpSeconds: 4,
  webhooks: 3000,
  subscribers: 2000,
  publishes: 10,
  starts: 7,
};

export const QUICK: Plan = {
  rounds: 3,
  secondsPerVisit: 1,
  warmUpSeconds: 2,
  webhooks: 1500,
  subscribers: 500,
  publishes: 5,
  starts: 3,
};
