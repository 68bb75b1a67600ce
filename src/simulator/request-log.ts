import { withoutSecrets, type RecordedRequest } from './record.ts';
import type { StateFolder } from './state-folder.ts';

export type RequestLog = ReturnType<typeof createRequestLog>;

/** A demo that runs for weeks must not fill the memory with its past. */
const MOST_REMEMBERED = 2_000;

/** Every submit since the folder began, the newest ones at least. Secrets never reach the disk. */
export function createRequestLog(folder: StateFolder) {
  // Only this file writes the list.
  const requests = (folder.readLines('requests') as RecordedRequest[]).slice(-MOST_REMEMBERED);
  return {
    all: (): readonly RecordedRequest[] => requests,
    begin(request: RecordedRequest): void {
      requests.push(request);
      if (requests.length > MOST_REMEMBERED) requests.shift();
    },
    /** To be called when it is known how the request is answered. */
    end: (request: RecordedRequest) => folder.append('requests', withoutSecrets(request)),
  };
}
