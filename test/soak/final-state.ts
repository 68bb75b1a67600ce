import type { Database } from '../../src/open-database.ts';

/** The state when all jobs have ended, read past the API: from the tables and from the simulator. */
export type FinalState = {
  readonly avatars: readonly VisibleRow[];
  readonly generations: readonly (VisibleRow & { readonly avatarId: string })[];
  readonly jobs: readonly JobRow[];
  /** Notifications that are committed and not yet published. */
  readonly unpublished: number;
  readonly submits: readonly Submit[];
};

export type VisibleRow = {
  readonly id: string;
  readonly owner: string;
  readonly status: string;
  readonly version: number;
  /** Of avatars only. */
  readonly requestId: string | null;
  readonly errorCode: string | null;
};

export type JobRow = {
  readonly id: string;
  readonly kind: 'TRAINING' | 'GENERATION';
  readonly owner: string;
  readonly state: string;
  /** Null once the avatar was deleted. */
  readonly avatarId: string | null;
  readonly generationId: string | null;
  readonly key: string | null;
  readonly token: string;
  readonly requestId: string | null;
  readonly units: number;
  readonly errorCode: string | null;
  readonly cancelRequested: boolean;
  /** It ended before its request id was known. */
  readonly settledUnbound: boolean;
};

/** A submit that reached the simulator. */
export type Submit = {
  /** The callback token, which identifies the job. */
  readonly token: string | null;
  /** The idempotency key of the call, which clients put into the input. */
  readonly key: string | null;
  /** Trainings, or images. */
  readonly units: number;
  /** Null: the simulator refused the submit. */
  readonly requestId: string | null;
  /** What the simulator decided; null while the run is open. A success without its artifact counts as failed. */
  readonly end: 'succeeded' | 'failed' | 'cancelled' | null;
  /** Its webhooks contradict each other, in random order. */
  readonly isContradicted: boolean;
  /** Its webhook tells how the run ended. */
  readonly isReported: boolean;
};

/** Reads the tables; the submits are the simulator's to add. */
export async function readFinalState({ prisma }: Database): Promise<Omit<FinalState, 'submits'>> {
  const [avatars, generations, jobs, unpublished] = await Promise.all([
    prisma.avatar.findMany(),
    prisma.generation.findMany(),
    prisma.job.findMany(),
    prisma.announcement.count(),
  ]);
  return {
    unpublished,
    avatars: avatars.map(({ id, ownerId: owner, status, version, falRequestId, errorCode }) => {
      return { id, owner, status, version, requestId: falRequestId, errorCode };
    }),
    generations: generations.map(({ id, ownerId: owner, status, version, avatarId, errorCode }) => {
      return { id, owner, status, version, requestId: null, errorCode, avatarId };
    }),
    jobs: jobs.map((job) => ({
      id: job.id,
      kind: job.kind,
      owner: job.ownerId,
      state: job.state,
      avatarId: job.avatarId,
      generationId: job.generationId,
      key: job.idempotencyKey,
      token: job.token,
      requestId: job.falRequestId,
      units: job.units,
      errorCode: job.errorCode,
      cancelRequested: job.cancelRequestedAt !== null,
      settledUnbound:
        job.settledAt !== null &&
        job.submittedAt !== null &&
        job.submittedAt.getTime() > job.settledAt.getTime(),
    })),
  };
}

/** Moves the database's clock for what is planned. A submit with unknown outcome waits for hours and still does. */
export async function passMinutes({ pool }: Database, minutes: number): Promise<void> {
  await pool.query(
    `UPDATE jobs SET created_at = created_at - $1 * interval '1 min', next_poll_at = next_poll_at - $1 * interval '1 min'`,
    [minutes],
  );
}
