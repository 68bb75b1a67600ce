import { join } from 'node:path';
import { z } from 'zod';
import { COPY_NAME, removeCopy } from './live-copy.ts';
import type { DatabaseLog } from './log.ts';

const requestSchema = z.object({ copy: z.literal(true) });
const replySchema = z.union([
  z.object({ copy: z.string().regex(COPY_NAME) }),
  z.object({ error: z.string() }),
]);
type Reply = z.infer<typeof replySchema>;

/** Asks the process that has the data folder for a copy of its database, in that folder. */
export const COPY_REQUEST = JSON.stringify({ copy: true } satisfies z.infer<typeof requestSchema>);

/** Who answers, and how. */
export type Copier = {
  readonly dataDir: string;
  /** Makes a copy in it and gives its name. */
  readonly copy: (gone: AbortSignal) => Promise<string>;
  readonly log: DatabaseLog;
};

/**
 * A copy that another process asked for over the data folder's lock; see data-dir-request.ts. It stays until `gone`
 * says that the asker is. Never rejects: the answer says what went wrong.
 */
export async function copyOnRequest(
  { dataDir, copy, log }: Copier,
  request: string,
  gone: AbortSignal,
): Promise<string> {
  let reply: Reply;
  try {
    requestSchema.parse(JSON.parse(request));
    const name = await copy(gone);
    removeWhen(gone, join(dataDir, name), log);
    reply = { copy: name };
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  return JSON.stringify(reply);
}

/** The name of the copy in the data folder. Throws with the holder's words when there is none. */
export function copyIn(answer: string): string {
  const reply = replySchema.parse(JSON.parse(answer));
  if ('error' in reply) throw new Error(`The server made no copy of its database: ${reply.error}`);
  return reply.copy;
}

function removeWhen(gone: AbortSignal, copy: string, log: DatabaseLog): void {
  const remove = (): void => {
    removeCopy(copy, log).catch((err: unknown) => {
      log.warn({ err, copy }, 'A copy that was made for a backup is left; the next start removes it');
    });
  };
  if (gone.aborted) remove();
  else gone.addEventListener('abort', remove, { once: true });
}
