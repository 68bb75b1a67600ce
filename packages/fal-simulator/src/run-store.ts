import { appOf, type Run } from './run.ts';
import type { StateFolder } from './state-folder.ts';

export type RunStore = ReturnType<typeof createRunStore>;

export type RunLimits = { most: number; mostBytes: number };

/** Of finished runs. */
const FINISHED: RunLimits = { most: 10_000, mostBytes: 256 * 1024 * 1024 };

/** Open runs, the newest finished ones, and their watchers. */
export function createRunStore(folder: StateFolder, limits: RunLimits = FINISHED) {
  const runs = new Map<string, Run>();
  /** Sizes of finished runs, the oldest first. */
  const finished = new Map<string, number>();
  let bytes = 0;
  const watchers = new Map<string, Set<() => void>>();
  for (const name of folder.list('runs')) {
    // A document of another shape is ignored.
    const run = folder.read(name) as Run | null;
    if (typeof run?.id === 'string') runs.set(run.id, run);
  }
  const finishedRuns = [...runs.values()].filter(isFinished);
  for (const run of finishedRuns.sort((a, b) => (a.completedAt ?? 0) - (b.completedAt ?? 0))) finish(run);

  function finish(run: Run): void {
    const size = JSON.stringify(run).length;
    bytes += size - (finished.get(run.id) ?? 0);
    finished.set(run.id, size);
    for (const [id, held] of finished) {
      if (id === run.id || (finished.size <= limits.most && bytes <= limits.mostBytes)) return;
      bytes -= held;
      finished.delete(id);
      runs.delete(id);
      folder.remove(`runs/${id}`);
    }
  }

  const notify = (id: string) => {
    for (const watcher of watchers.get(id) ?? []) watcher();
  };

  return {
    get: (id: string) => runs.get(id) ?? null,
    /** Null for a run of another app. */
    find(app: string, id: string): Run | null {
      const run = runs.get(id);
      return run && appOf(run.endpoint) === app ? run : null;
    },
    unfinished: () => [...runs.values()].filter((run) => !isFinished(run)),
    waiting: (endpoint: string) =>
      [...runs.values()].filter((run) => run.endpoint === endpoint && run.state === 'IN_QUEUE').length,
    save(run: Run): void {
      runs.set(run.id, run);
      folder.write(`runs/${run.id}`, run);
      if (isFinished(run)) finish(run);
      notify(run.id);
    },
    /** Not written to disk until the next save. */
    log(run: Run, message: string, now: number, level: 'INFO' | 'ERROR' = 'INFO'): void {
      run.logs.push({ timestamp: new Date(now).toISOString(), level, source: 'USER', message, labels: {} });
      notify(run.id);
    },
    /** Calls `watcher` after every change until the returned function is called. */
    watch(id: string, watcher: () => void): () => void {
      const set = watchers.get(id) ?? new Set();
      watchers.set(id, set.add(watcher));
      return () => {
        if (set.delete(watcher) && set.size === 0) watchers.delete(id);
      };
    },
  };
}

function isFinished(run: Run): boolean {
  return run.state === 'COMPLETED' && run.webhookSettled;
}
