import { MB } from '../values/units.ts';
import type { OperatorLog } from '../log/log.ts';

/**
 * Warns when the memory limit of this process's container (cgroup) may be too low: a container kills a process over its
 * limit without a log line.
 */
export function warnOfMemory(neededMb: number, what: string, log: OperatorLog): void {
  const limit = process.constrainedMemory();
  if (limit === 0 || limit / MB >= neededMb) return;
  log.warn(
    { limitMb: Math.floor(limit / MB), neededMb },
    `memory limit too low: ${what} takes ${neededMb} MB, the limit is ${Math.floor(limit / MB)} MB`,
  );
}
