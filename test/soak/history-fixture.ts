import { History, type Entry, type Operation, type ObservedRow } from './history.ts';
import type { FinalState, JobRow, Submit, VisibleRow } from './final-state.ts';

export const AVATAR = `avt_${'1'.repeat(32)}`;
export const GENERATION = `gen_${'2'.repeat(32)}`;
export const RUN = '00000000-0000-4000-8000-000000000001';
export const OTHER_RUN = '00000000-0000-4000-8000-000000000002';

/** An avatar as seen at a version: DRAFT at 1, then QUEUED, TRAINING and COMPLETED with RUN. */
export function observed(version: number, change: Partial<ObservedRow> = {}): ObservedRow {
  const status = ['DRAFT', 'QUEUED', 'TRAINING', 'COMPLETED'][version - 1] ?? 'COMPLETED';
  const requestId = version === 1 ? null : RUN;
  const row = { id: AVATAR, version, status, requestId, errorCode: null, ...change };
  return { ...row, digest: JSON.stringify(row) };
}

/** A history written by hand: one avatar, trained once by ada, watched by her; bob is there too. */
export class HistoryFixture {
  readonly #history = new History();
  avatar: VisibleRow | null = { ...observed(4), owner: 'ada' };
  generations: (VisibleRow & { avatarId: string })[] = [];
  job: JobRow = {
    id: `job_${'3'.repeat(32)}`,
    kind: 'TRAINING',
    owner: 'ada',
    state: 'COMPLETED',
    avatarId: AVATAR,
    generationId: null,
    key: 'k1',
    token: 'token-1',
    requestId: RUN,
    units: 1,
    errorCode: null,
    cancelRequested: false,
    settledUnbound: false,
  };
  submit: Submit = {
    token: 'token-1',
    key: 'k1',
    units: 1,
    requestId: RUN,
    end: 'succeeded',
    isContradicted: false,
    isReported: true,
  };
  moreSubmits: Submit[] = [];
  moreJobs: JobRow[] = [];
  unpublished = 0;

  /** Without it there is no training: only the created avatar. */
  withoutTraining(): this {
    this.avatar = { ...observed(1), owner: 'ada' };
    this.#withTraining = false;
    return this;
  }
  #withTraining = true;

  /** A call that was answered; `null` for nothing, undefined for an answer without a row. */
  ok(operation: Operation, row?: ObservedRow | null, tenant = 'ada'): this {
    const call = this.#history.invoke(tenant, operation);
    this.#history.add({ kind: 'ok', call, row, ids: row ? [row.id] : [] });
    return this;
  }

  invoke(operation: Operation, tenant = 'ada'): number {
    return this.#history.invoke(tenant, operation);
  }

  add(...entries: Parameters<History['add']>): this {
    this.#history.add(...entries);
    return this;
  }

  /** A stream with its frames; it stays open. */
  stream(
    frames: readonly ObservedRow[],
    {
      subscriber = 'ada 1',
      tenant = 'ada',
      about = AVATAR,
      afterVersion = null,
    }: {
      readonly subscriber?: string;
      readonly tenant?: string;
      readonly about?: string | null;
      readonly afterVersion?: number | null;
    } = {},
  ): number {
    const stream = this.#history.open({ subscriber, tenant, about, afterVersion });
    for (const row of frames) this.#history.add({ kind: 'frame', stream, row, ids: [row.id] });
    return stream;
  }

  get history(): readonly Entry[] {
    return this.#history.entries;
  }

  get final(): FinalState {
    return {
      avatars: this.avatar === null ? [] : [this.avatar],
      generations: this.generations,
      jobs: this.#withTraining ? [this.job, ...this.moreJobs] : this.moreJobs,
      submits: this.#withTraining ? [this.submit, ...this.moreSubmits] : this.moreSubmits,
      unpublished: this.unpublished,
    };
  }
}

/** Ada creates, trains and watches an avatar; every invariant holds. */
export function validHistory(): HistoryFixture {
  const fixture = new HistoryFixture();
  fixture.ok({ kind: 'create' }, observed(1));
  fixture.stream([observed(1), observed(2), observed(3), observed(4)]);
  fixture.ok({ kind: 'train', avatarId: AVATAR, key: 'k1' }, observed(2));
  fixture.ok({ kind: 'read', id: AVATAR }, observed(4));
  return fixture;
}
