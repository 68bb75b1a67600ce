import { createRecent } from './recent.ts';
import { withoutSecrets, type RecordedRequest } from './record.ts';
import type { StateFolder } from './state-folder.ts';

export type RequestLog = ReturnType<typeof createRequestLog>;

const LIMITS = { most: 2_000, mostBytes: 16 * 1024 * 1024 };
/** Above this length the file is rewritten with the newest submits. */
const LONGEST_FILE = 2 * LIMITS.mostBytes;

/** The newest submits, also of earlier starts. Secrets are not written to disk. */
export function createRequestLog(folder: StateFolder) {
  const requests = createRecent<RecordedRequest>(LIMITS);
  for (const request of folder.readLines('requests') as RecordedRequest[])
    requests.add(request, sizeOf(request));
  const rewrite = () =>
    folder.writeLines('requests', requests.all.filter(({ answered }) => answered !== 0).map(withoutSecrets));
  let length = rewrite();
  return {
    all: (): readonly RecordedRequest[] => requests.all,
    begin: (request: RecordedRequest) => requests.add(request, sizeOf(request)),
    /** Writes the request with its answer to disk. */
    end(request: RecordedRequest): void {
      length += folder.append('requests', withoutSecrets(request));
      if (length > LONGEST_FILE) length = rewrite();
    },
  };
}

function sizeOf(request: RecordedRequest): number {
  return JSON.stringify(request).length;
}
