import type { Row } from './statistics.ts';

/** A figure of Likeness that a release must not fall behind. */
type Goal = {
  readonly metric: string;
  readonly contender: string;
  /** At least (throughput) or at most (time, CPU, memory). */
  readonly kind: 'at least' | 'at most';
  readonly of: 'ratio' | 'value';
  readonly goal: number;
  /** Not reached yet, or a time that depends on the machine: no check holds it. */
  readonly isOpen?: true;
};

const ONE = 'avatar(id)';
const LIST = 'avatars(20) { generations(5) }';

const GOALS: readonly Goal[] = [
  { metric: `${ONE} requests/s ÷ raw`, contender: 'likeness', kind: 'at least', of: 'ratio', goal: 0.6 },
  { metric: `${ONE} CPU a request ÷ raw`, contender: 'likeness', kind: 'at most', of: 'ratio', goal: 2 },
  { metric: `${LIST} requests/s ÷ raw`, contender: 'likeness', kind: 'at least', of: 'ratio', goal: 0.8 },
  {
    metric: `${LIST} CPU a request ÷ raw`,
    contender: 'likeness',
    kind: 'at most',
    of: 'ratio',
    goal: 2,
    isOpen: true,
  },
  {
    metric: 'webhooks/s, 200 after commit ÷ signature check alone',
    contender: 'likeness',
    kind: 'at least',
    of: 'ratio',
    goal: 0.6,
    isOpen: true,
  },
  {
    metric: 'webhook → last of many subscribers ÷ ws.send loop',
    contender: 'likeness',
    kind: 'at most',
    of: 'ratio',
    goal: 1.3,
  },
  { metric: 'CPU a delivery ÷ ws.send loop', contender: 'likeness', kind: 'at most', of: 'ratio', goal: 1.5 },
  {
    metric: 'CPU a subscribe',
    contender: 'likeness',
    kind: 'at most',
    of: 'value',
    goal: 0.4,
    isOpen: true,
  },
  {
    metric: 'webhook → one subscriber ÷ ws.send loop',
    contender: 'likeness',
    kind: 'at most',
    of: 'value',
    goal: 4,
    isOpen: true,
  },
  {
    metric: 'start to first answer ÷ node:http hello',
    contender: 'likeness on PostgreSQL',
    kind: 'at most',
    of: 'ratio',
    goal: 4,
    isOpen: true,
  },
  {
    metric: 'start to first answer ÷ node:http hello',
    contender: 'likeness, embedded',
    kind: 'at most',
    of: 'ratio',
    goal: 8,
    isOpen: true,
  },
  {
    metric: 'idle memory ÷ node:http hello',
    contender: 'likeness on PostgreSQL',
    kind: 'at most',
    of: 'value',
    goal: 110,
  },
  {
    metric: 'idle memory ÷ node:http hello',
    contender: 'likeness, embedded',
    kind: 'at most',
    of: 'value',
    goal: 220,
  },
  { metric: 'production install', contender: 'likeness', kind: 'at most', of: 'value', goal: 60 },
];

/** A figure below this part of its goal is no accident of a busy machine. */
const FAR_BEHIND = 0.7;

export function goalOf({ metric, contender }: Row): Goal | undefined {
  const usual = metric.replace(/last of \d+ subscribers/, 'last of many subscribers');
  return GOALS.find((goal) => goal.metric === usual && goal.contender === contender);
}

/** The reached goals that a run is far behind. */
export function missedGoals(rows: readonly Row[]): string[] {
  return rows.flatMap((row) => {
    const goal = goalOf(row);
    if (goal === undefined || goal.isOpen === true) return [];
    const { median } = row[goal.of];
    const isMissed =
      goal.kind === 'at least' ? median < goal.goal * FAR_BEHIND : median > goal.goal / FAR_BEHIND;
    return isMissed
      ? [`${row.metric}, ${row.contender}: ${median.toPrecision(3)}, ${goal.kind} ${goal.goal}`]
      : [];
  });
}
