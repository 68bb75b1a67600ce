import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** Bytes of this process's heap that are in use, after a collection. */
export function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** Bytes of its buffers, which are outside the heap, after a collection. */
export function buffersUsed(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
