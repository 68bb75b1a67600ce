import type { OperatorLog } from '../log/log.ts';

const MB = 1024 * 1024;

/**
 * Says beforehand that memory may not suffice: a process that its container ends for want of memory is killed without
 * a word. Looks at the limit of the container (cgroup) this process runs in; without one it says nothing.
 */
export function warnOfMemory(neededMb: number, what: string, log: OperatorLog): void {
  const limit = process.constrainedMemory();
  if (limit === 0 || limit / MB >= neededMb) return;
  log.warn(
    { limitMb: Math.floor(limit / MB), neededMb },
    `The memory limit is ${Math.floor(limit / MB)} MB and ${what} takes ${neededMb}; if the process is killed, give it more`,
  );
}
