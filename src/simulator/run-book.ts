import { appOf, type Run } from './run.ts';
import type { StateFolder } from './state-folder.ts';

export type RunBook = ReturnType<typeof createRunBook>;

/** All runs, and who watches which. */
export function createRunBook(folder: StateFolder) {
  const runs = new Map<string, Run>();
  const watchers = new Map<string, Set<() => void>>();
  for (const name of folder.list('runs')) {
    // Only this file writes the folder; a document that is not a run any more is left alone.
    const run = folder.read(name) as Run | null;
    if (typeof run?.id === 'string') runs.set(run.id, run);
  }
  const notify = (id: string) => {
    for (const watcher of watchers.get(id) ?? []) watcher();
  };

  return {
    get: (id: string) => runs.get(id) ?? null,
    /** Null also for a run of another app: fal's routes are per app. */
    find(app: string, id: string): Run | null {
      const run = runs.get(id);
      return run && appOf(run.endpoint) === app ? run : null;
    },
    unfinished: () => [...runs.values()].filter((run) => run.state !== 'COMPLETED' || !run.webhookSettled),
    waiting: (endpoint: string) =>
      [...runs.values()].filter((run) => run.endpoint === endpoint && run.state === 'IN_QUEUE').length,
    save(run: Run): void {
      runs.set(run.id, run);
      folder.write(`runs/${run.id}`, run);
      notify(run.id);
    },
    /** A log line tells the watchers, yet is not worth a write of its own. */
    log(run: Run, message: string, now: number, level: 'INFO' | 'ERROR' = 'INFO'): void {
      run.logs.push({ timestamp: new Date(now).toISOString(), level, source: 'USER', message, labels: {} });
      notify(run.id);
    },
    /** Calls `watcher` after every change; returns how to stop. */
    watch(id: string, watcher: () => void): () => void {
      const set = watchers.get(id) ?? new Set();
      watchers.set(id, set.add(watcher));
      return () => {
        if (set.delete(watcher) && set.size === 0) watchers.delete(id);
      };
    },
  };
}
