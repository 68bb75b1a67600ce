import { FINAL, REFUSED, observationsIn, type Recorded } from '../calls.ts';
import type { JobRow, Submit, VisibleRow } from '../final-state.ts';

/**
 * Every run has one end, the one fal decided. CANCELLED needs that fal stopped the run, or that it failed (or a webhook
 * said so) after its cancel was asked for, or that it was cancelled before anybody here knew its id, or that its avatar
 * was deleted. A failure that only a webhook claimed is taken back once, unless a newer training covers it.
 */
export function endedAsFalDecided({ history, final }: Recorded): string[] {
  const problems: string[] = [];
  const submits = new Map(final.submits.map((submit) => [submit.token, submit]));
  const runs = new Map(final.submits.map((submit) => [submit.requestId, submit]));
  const shown = new Set([
    ...final.avatars.map(({ requestId }) => requestId),
    ...final.generations.map(({ id }) => id),
  ]);
  for (const job of final.jobs) {
    const wrong = wrongEnd(job, submits.get(job.token) ?? null, shown);
    if (wrong !== null) problems.push(wrong);
    const other = job.requestId === null ? null : runs.get(job.requestId);
    if (job.requestId !== null && other?.token !== job.token)
      problems.push(`${job.id} is bound to run ${job.requestId}, which fal started for somebody else`);
  }
  const jobOfRun = new Map<string | null, JobRow>(
    final.jobs.filter(({ requestId }) => requestId !== null).map((job) => [job.requestId, job]),
  );
  const jobOfGeneration = new Map(final.jobs.map((job) => [job.generationId, job]));
  for (const avatar of final.avatars)
    problems.push(...shownOtherwise(avatar, jobOfRun.get(avatar.requestId)));
  for (const generation of final.generations)
    problems.push(...shownOtherwise(generation, jobOfGeneration.get(generation.id)));

  for (const [id, observations] of observationsIn(history)) {
    const ends = new Map<string, string>();
    for (const { row } of [...observations].sort((one, other) => one.row.version - other.row.version)) {
      if (row.requestId === null) continue;
      const end = ends.get(row.requestId);
      const isTakenBack =
        end === 'FAILED' && row.status === 'COMPLETED' && runs.get(row.requestId)?.isContradicted === true;
      if (end !== undefined && end !== row.status && !isTakenBack)
        problems.push(
          `${id} was ${end} with run ${row.requestId}, and ${row.status} with the same run later`,
        );
      if (FINAL.has(row.status)) ends.set(row.requestId, row.status);
    }
  }
  return problems;
}

/** @param shown the runs and the generations that people still see */
function wrongEnd(job: JobRow, submit: Submit | null, shown: ReadonlySet<string | null>): string | null {
  if (!FINAL.has(job.state)) return null; // whether it should be: see settled.ts
  const isDeleted = job.avatarId === null;
  const isUnbound = job.requestId === null || job.settledUnbound;
  const at = `${job.id} is ${job.state}`;
  if (submit?.requestId == null) {
    const isRefusal = job.state === 'FAILED' && REFUSED.has(job.errorCode ?? '');
    if (isRefusal || (job.state === 'CANCELLED' && job.cancelRequested) || isDeleted) return null;
    return `${at} (${job.errorCode ?? 'no error'}), and fal never took it`;
  }
  if (job.state === 'CANCELLED' && (isDeleted || (isUnbound && job.cancelRequested))) return null;
  switch (submit.end) {
    case 'succeeded':
      if (job.state === 'COMPLETED') return null;
      if (submit.isContradicted && job.state === 'CANCELLED' && job.cancelRequested) return null;
      return submit.isContradicted && job.state === 'FAILED' && !shown.has(job.generationId ?? job.requestId)
        ? null
        : `${at}, and its run succeeded at fal`;
    case 'failed':
      if (job.state === 'FAILED' && !REFUSED.has(job.errorCode ?? '')) return null;
      return job.state === 'CANCELLED' && job.cancelRequested ? null : `${at}, and its run failed at fal`;
    case 'cancelled':
      return job.state === 'CANCELLED' ? null : `${at}, and fal stopped its run`;
    case null:
      return `${at}, and its run has not ended at fal`;
  }
}

/** What people see of a run is how its job stands. */
function shownOtherwise(row: VisibleRow, job: JobRow | undefined): string[] {
  if (job === undefined) {
    return row.requestId === null ? [] : [`${row.id} shows the run ${row.requestId}, and no job has it`];
  }
  const shown = row.status === 'TRAINING' ? 'RUNNING' : row.status;
  const expected = job.state === 'SUBMITTING' || job.state === 'SUBMIT_UNKNOWN' ? 'QUEUED' : job.state;
  return shown === expected ? [] : [`${row.id} shows ${row.status}, and its job is ${job.state}`];
}
