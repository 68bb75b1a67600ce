/** How things stand when everything has come to rest, read past the service: from its tables and from fal's look-alike. */
export type Facts = {
  readonly avatars: readonly VisibleRow[];
  readonly generations: readonly (VisibleRow & { readonly avatarId: string })[];
  readonly jobs: readonly JobRow[];
  /** Changes that were committed and not yet announced. */
  readonly unannounced: number;
  readonly posts: readonly Post[];
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
  /** It was over before its request id was known. */
  readonly settledUnbound: boolean;
};

/** One submit as fal's look-alike got it. */
export type Post = {
  /** Of the callback URL, which names the job. */
  readonly token: string | null;
  /** The idempotency key of the call that caused it, which clients put into what they ask for. */
  readonly key: string | null;
  /** Trainings, or images. */
  readonly units: number;
  /** Null: the look-alike refused it. */
  readonly requestId: string | null;
  /** What the look-alike decided; null while the run is open. A success without its artefact counts as failed. */
  readonly end: 'succeeded' | 'failed' | 'cancelled' | null;
  /** Its webhooks contradict each other, and which of them comes first is chance. */
  readonly isContradicted: boolean;
  /** Its webhook says how the run ended, whoever reads it. */
  readonly isTold: boolean;
};
