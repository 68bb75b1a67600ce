/** The webhooks that nobody should send, each kind refused at another place. */
export const JUNK = {
  'of bad form': 401,
  'signed by nobody we know': 401,
  'to paths that do not exist': 404,
  'with a body too large': 413,
} as const;

export type JunkKind = keyof typeof JUNK;

export const JUNK_KINDS = Object.keys(JUNK) as JunkKind[];

/** What the process that sends junk is to do. */
export type JunkOrder = {
  readonly url: string;
  /** Taken in turn. */
  readonly kinds: readonly JunkKind[];
  readonly perSecond: number;
};

/** What became of it. */
export type JunkReport = {
  readonly perSecond: number;
  readonly answered: number;
  /** Not answered, or with another status than it should be: what it was, and how often. */
  readonly failures: Readonly<Record<string, number>>;
};
