import { createRecent } from './recent.ts';
import { withoutSecrets, type RecordedRequest } from './record.ts';
import type { StateFolder } from './state-folder.ts';

export type RequestLog = ReturnType<typeof createRequestLog>;

const LIMITS = { most: 2_000, mostBytes: 16 * 1024 * 1024 };
/** The file holds the past as well, until it is as long as this. */
const LONGEST_FILE = 2 * LIMITS.mostBytes;

/** The newest submits, those before the last start included. Secrets never reach the disk. */
export function createRequestLog(folder: StateFolder) {
  const requests = createRecent<RecordedRequest>(LIMITS);
  // Only this file writes the list.
  for (const request of folder.readLines('requests') as RecordedRequest[])
    requests.add(request, sizeOf(request));
  const rewrite = () =>
    folder.writeLines('requests', requests.all.filter(({ answered }) => answered !== 0).map(withoutSecrets));
  let length = rewrite();
  return {
    all: (): readonly RecordedRequest[] => requests.all,
    begin: (request: RecordedRequest) => requests.add(request, sizeOf(request)),
    /** To be called when it is known how the request is answered. */
    end(request: RecordedRequest): void {
      length += folder.append('requests', withoutSecrets(request));
      if (length > LONGEST_FILE) length = rewrite();
    },
  };
}

function sizeOf(request: RecordedRequest): number {
  return JSON.stringify(request).length;
}
