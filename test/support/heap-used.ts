import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of this process's heap that are in use, after a collection. */
export function heapUsed(): number {
  return memoryUsed().heapUsed;
}

/** Bytes of its buffers, which are outside the heap, after a collection. */
export function buffersUsed(): number {
  return memoryUsed().arrayBuffers;
}

function memoryUsed(): NodeJS.MemoryUsage {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage();
}
