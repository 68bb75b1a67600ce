import { announce, type AnnounceParts } from './announce.ts';
import type { Run } from './run.ts';
import { workThrough, type StopReason, type WorkerParts } from './work-through.ts';

export type FloorParts = WorkerParts & { announcing: AnnounceParts };
export type Floor = ReturnType<typeof createFloor>;

/** Where runs are worked on: starts them, lets them be cancelled, waits for all of them at the end. */
export function createFloor(parts: FloorParts) {
  const stops = new Map<string, AbortController>();
  const ends = new Set<Promise<void>>();

  /** Resolves when the last webhook had its first attempt, or at once when the run never completes. */
  function start(run: Run, hurried = false): Promise<void> {
    const stop = new AbortController();
    stops.set(run.id, stop);
    const told = (async () => {
      if (run.state !== 'COMPLETED') await workThrough(run, parts, stop.signal, hurried);
      stops.delete(run.id);
      if (run.state !== 'COMPLETED') return;
      const announced = announce(run, parts.announcing);
      keep(announced.settled);
      await announced.told;
    })();
    keep(told);
    return told.catch(() => undefined);
  }

  function keep(work: Promise<void>): void {
    const end = work.catch(parts.onBug).finally(() => ends.delete(end));
    ends.add(end);
  }

  return {
    start,
    /** Ends the run soon; without effect on one that is over. */
    cancel: (id: string) => stops.get(id)?.abort('cancelled' satisfies StopReason),
    async close(): Promise<void> {
      for (const stop of stops.values()) stop.abort('closing' satisfies StopReason);
      while (ends.size > 0) await Promise.all(ends);
    },
  };
}
