import { memoryLog } from './memory-log.ts';
import type { FileStorage } from '../../src/storage/file-storage.ts';

export async function* oneByte(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1);
}

/** @param known the end of the keys that photos have */
export function depsOf(
  files: FileStorage,
  known: string,
  bind: () => Promise<void> = () => Promise.resolve(),
) {
  const asked: (readonly string[])[] = [];
  const findUnknown = async (keys: readonly string[]) => {
    asked.push(keys);
    return keys.filter((key) => !key.endsWith(known));
  };
  const deps = { storage: files, bind, findUnknown, log: memoryLog() };
  return { deps, asked };
}
